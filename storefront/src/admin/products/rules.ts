import { z } from "zod";
import type { AdminTexts } from "../texts";
import { type Draft, digitsOf, keyOf, readPrice, valuesOf } from "./draft";

const SKU = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SLUG = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** What a product must be like, as the API has it. */
export function rulesOf(texts: AdminTexts["products"], currency: string) {
  const digits = digitsOf(currency);
  const name = z.string().trim().min(1, texts.needed);
  return z
    .object({
      name: name.max(200, texts.tooLong(200)),
      slug: z
        .string()
        .trim()
        .max(100, texts.tooLong(100))
        .refine((slug) => slug === "" || SLUG.test(slug), texts.slugForm),
      description: z.string().max(20_000, texts.tooLong(20_000)),
      category: z.string(),
      attributes: z.array(
        z.object({ name, value: z.string(), kind: z.enum(["string", "number", "boolean"]) }),
      ),
      options: z.array(
        z.object({
          name: name.max(100, texts.tooLong(100)),
          values: z.string().refine((lines) => valuesOf(lines).length > 0, texts.needed),
        }),
      ),
      variants: z
        .array(
          z.object({
            sku: z.string().trim().regex(SKU, texts.skuForm),
            price: z.string().refine((price) => readPrice(price, digits) !== null, texts.priceForm),
            values: z.array(z.string()),
          }),
        )
        .min(1, texts.needsVariant),
      images: z.array(z.object({ url: z.string() })),
    })
    .superRefine((draft, context) => checkVariants(draft, context, texts));
}

function checkVariants(draft: Draft, context: z.RefinementCtx, texts: AdminTexts["products"]): void {
  const lists = draft.options.map(({ values }) => valuesOf(values));
  const skus = new Set<string>();
  const combinations = new Set<string>();
  draft.variants.forEach(({ sku, values }, place) => {
    const chosen = lists.map((_, option) => values[option] ?? "");
    const say = (field: string, message: string) =>
      context.addIssue({ code: "custom", path: ["variants", place, field], message });
    if (skus.has(sku.trim())) say("sku", texts.twice);
    else if (chosen.some((value, option) => !lists[option]?.includes(value))) say("sku", texts.notChosen);
    else if (combinations.has(keyOf(chosen))) say("sku", texts.sameOptions);
    skus.add(sku.trim());
    combinations.add(keyOf(chosen));
  });
}
