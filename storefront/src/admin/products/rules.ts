import { z } from "zod/mini";
import type { AdminTexts } from "../texts";
import { type Draft, digitsOf, keyOf, readPrice, valuesOf } from "./draft";

const SKU = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** What a product must be like, as the API has it. */
export function rulesOf(texts: AdminTexts["products"], currency: string) {
  const digits = digitsOf(currency);
  const named = (most: number) =>
    z.string().check(z.trim(), z.minLength(1, texts.needed), z.maxLength(most, texts.tooLong(most)));
  return z
    .object({
      name: named(200),
      slug: z.string().check(
        z.trim(),
        z.maxLength(100, texts.tooLong(100)),
        z.refine((slug) => slug === "" || SLUG.test(slug), texts.slugForm),
      ),
      description: z.string().check(z.maxLength(20_000, texts.tooLong(20_000))),
      category: z.string(),
      attributes: z.array(
        z.object({ name: named(100), value: z.string(), kind: z.enum(["string", "number", "boolean"]) }),
      ),
      options: z.array(
        z.object({
          name: named(100),
          values: z.string().check(z.refine((lines) => valuesOf(lines).length > 0, texts.needed)),
        }),
      ),
      variants: z
        .array(
          z.object({
            sku: z.string().check(z.trim(), z.regex(SKU, texts.skuForm)),
            price: z.string().check(z.refine((price) => readPrice(price, digits) !== null, texts.priceForm)),
            values: z.array(z.string()),
          }),
        )
        .check(z.minLength(1, texts.needsVariant)),
      images: z.array(z.object({ url: z.string() })),
    })
    .check(({ value, issues }) => {
      for (const { path, message } of contradictions(value, texts))
        issues.push({ code: "custom", input: value, path, message });
    });
}

/** Of variants among each other, and with the options. */
function contradictions(
  draft: Draft,
  texts: AdminTexts["products"],
): { path: (string | number)[]; message: string }[] {
  const lists = draft.options.map(({ values }) => valuesOf(values));
  const skus = new Set<string>();
  const combinations = new Set<string>();
  return draft.variants.flatMap(({ sku, values }, place) => {
    const chosen = lists.map((_, option) => values[option] ?? "");
    const message = skus.has(sku)
      ? texts.twice
      : chosen.some((value, option) => !lists[option]?.includes(value))
        ? texts.notChosen
        : combinations.has(keyOf(chosen))
          ? texts.sameOptions
          : null;
    skus.add(sku);
    combinations.add(keyOf(chosen));
    return message === null ? [] : [{ path: ["variants", place, "sku"], message }];
  });
}
