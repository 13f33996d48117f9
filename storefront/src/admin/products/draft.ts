/** A product as it is edited, and the way there and back. Pure. */
import type { Product, Schemas } from "@/api/client";

export interface Draft {
  name: string;
  slug: string;
  description: string;
  category: string;
  attributes: { name: string; value: string; kind: "string" | "number" | "boolean" }[];
  /** `values`: one a line. */
  options: { name: string; values: string }[];
  /** `values`: of each option, in the order of `options`. `price`: as people write it. */
  variants: { sku: string; price: string; values: string[] }[];
  images: { url: string }[];
}

export type Content = Required<
  Pick<
    Schemas["NewProduct"],
    "name" | "description" | "category" | "attributes" | "options" | "variants" | "images"
  >
>;

export const EMPTY: Draft = {
  name: "",
  slug: "",
  description: "",
  category: "",
  attributes: [],
  options: [],
  variants: [{ sku: "", price: "", values: [] }],
  images: [],
};

/** How many digits a currency has behind the point. */
export const digitsOf = (currency: string): number =>
  new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;

/** Minor units of what somebody typed, with a point or a comma; null where it is no price. */
export function readPrice(text: string, digits: number): number | null {
  const [, whole, part = ""] = /^(\d{1,10})(?:[.,](\d*))?$/.exec(text.trim()) ?? [];
  if (whole === undefined || part.length > digits) return null;
  return Number(whole) * 10 ** digits + Number(part.padEnd(digits, "0") || 0);
}

/** As one types it: with the language's point, and without groups. */
export function writePrice(amount: number, digits: number, language: string): string {
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
  return new Intl.NumberFormat(language, style).format(amount / 10 ** digits);
}

export const valuesOf = (lines: string): string[] => [
  ...new Set(
    lines
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean),
  ),
];

export function draftOf(product: Product, language: string): Draft {
  return {
    name: product.name,
    slug: product.slug,
    description: product.description,
    category: product.category ?? "",
    attributes: Object.entries(product.attributes).map(([name, value]) => ({
      name,
      value: String(value),
      kind: typeof value as "string" | "number" | "boolean",
    })),
    options: product.options.map(({ name, values }) => ({ name, values: values.join("\n") })),
    variants: product.variants.map(({ sku, price, options }) => ({
      sku,
      price: writePrice(price.amount, digitsOf(price.currency), language),
      values: product.options.map(({ name }) => options[name] ?? ""),
    })),
    images: product.images.map((url) => ({ url })),
  };
}

/** Of a draft that was found valid. */
export function contentOf(draft: Draft, currency: string): Content {
  const digits = digitsOf(currency);
  const options = draft.options.map(({ name, values }) => ({ name: name.trim(), values: valuesOf(values) }));
  return {
    name: draft.name.trim(),
    description: draft.description,
    category: draft.category || null,
    attributes: Object.fromEntries(draft.attributes.map((one) => [one.name.trim(), typed(one)])),
    options,
    variants: draft.variants.map(({ sku, price, values }) => ({
      sku: sku.trim(),
      price: { amount: readPrice(price, digits) ?? 0, currency },
      options: Object.fromEntries(options.map(({ name }, place) => [name, values[place] ?? ""])),
    })),
    images: draft.images.map(({ url }) => url),
  };
}

/**
 * What somebody has changed, over what has become of the rest in the meantime. Options and variants are one: values
 * stand in the order of the options.
 */
export function keepingMine(base: Draft, mine: Draft, theirs: Draft): Draft {
  const isMine = (part: keyof Draft) => JSON.stringify(mine[part]) !== JSON.stringify(base[part]);
  const kept = { ...theirs };
  const keep = <Part extends keyof Draft>(part: Part) => {
    kept[part] = mine[part];
  };
  const choices: (keyof Draft)[] = ["options", "variants"];
  for (const part of Object.keys(base) as (keyof Draft)[])
    if (isMine(part) || (choices.includes(part) && choices.some(isMine))) keep(part);
  return kept;
}

/** A number stays a number where what was typed is one. */
function typed({ value, kind }: Draft["attributes"][number]): string | number | boolean {
  const text = value.trim();
  if (kind === "number" && text !== "" && Number.isFinite(Number(text))) return Number(text);
  if (kind === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

/** The variants that the options allow and that are not there yet; SKUs and price are proposed. */
export function missingVariants(draft: Draft): Draft["variants"] {
  const lists = draft.options.map(({ values }) => valuesOf(values));
  if (lists.length === 0 || lists.some((values) => values.length === 0)) return [];
  const there = new Set(draft.variants.map(({ values }) => keyOf(values)));
  const taken = new Set(draft.variants.map(({ sku }) => sku));
  const price = draft.variants[0]?.price ?? "";
  const combinations = lists.reduce<string[][]>(
    (found, values) => found.flatMap((one) => values.map((value) => [...one, value])),
    [[]],
  );
  return combinations
    .filter((values) => !there.has(keyOf(values)))
    .map((values) => ({ sku: proposed([draft.name, ...values], taken), price, values }));
}

export const keyOf = (values: string[]): string => JSON.stringify(values);

function proposed(words: string[], taken: Set<string>): string {
  const [name = "", ...rest] = words.map((word) =>
    word
      .normalize("NFKD")
      .replace(/[^A-Za-z0-9]+/g, "")
      .toUpperCase(),
  );
  const stem = [name.slice(0, 8) || "NEW", ...rest.map((word) => word.slice(0, 6))].filter(Boolean).join("-");
  let sku = stem;
  for (let number = 2; taken.has(sku); number += 1) sku = `${stem}-${number}`;
  taken.add(sku);
  return sku;
}
