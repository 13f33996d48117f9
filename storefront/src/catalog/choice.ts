import type { Product, Variant } from "@/api/client";

/** A value for each option that was chosen so far. */
export type Choice = Readonly<Record<string, string>>;

export type ValueState = "available" | "sold-out" | "not-made";

/** The one variant that has all that was chosen; undefined while something is not chosen yet, or none is made so. */
export function variantOf(product: Product, choice: Choice): Variant | undefined {
  if (product.options.some(({ name }) => choice[name] === undefined)) return undefined;
  return product.variants.find((variant) =>
    product.options.every(({ name }) => variant.options[name] === choice[name]),
  );
}

/** What is to be said of a value, if it were chosen with what is chosen of the other options. */
export function stateOf(product: Product, choice: Choice, option: string, value: string): ValueState {
  const wanted = { ...choice, [option]: value };
  const fitting = product.variants.filter((variant) =>
    Object.entries(wanted).every(([name, chosen]) => variant.options[name] === chosen),
  );
  if (fitting.length === 0) return "not-made";
  return fitting.every(({ available }) => available === 0) ? "sold-out" : "available";
}

/** A value is chosen; what no longer goes with it is given up. */
export function choose(product: Product, choice: Choice, option: string, value: string): Choice {
  const wanted: Record<string, string> = { [option]: value };
  for (const { name } of product.options) {
    const kept = choice[name];
    if (name === option || kept === undefined) continue;
    const tried = { ...wanted, [name]: kept };
    const isMade = product.variants.some((variant) =>
      Object.entries(tried).every(([other, chosen]) => variant.options[other] === chosen),
    );
    if (isMade) wanted[name] = kept;
  }
  return wanted;
}

/** What a page begins with: the variant that was asked for, else the first that can be had. */
export function firstChoice(product: Product, sku: string | null): Choice {
  const asked = product.variants.find((variant) => variant.sku === sku);
  const first = asked ?? product.variants.find(({ available }) => available !== 0) ?? product.variants[0];
  return first?.options ?? {};
}
