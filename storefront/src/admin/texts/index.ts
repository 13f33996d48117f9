import type { Mistake } from "@/api/problems";
import { type Language, useSpeech } from "@/texts";
import { de } from "./de";
import { type AdminTexts, en } from "./en";

export type { AdminTexts };

/** The shopkeeper's texts: they are loaded with the shopkeeper's pages. */
export const adminTexts = (language: Language): AdminTexts => ({ en, de })[language];

export const useAdminTexts = (): AdminTexts => adminTexts(useSpeech().language);

/** What is wrong, in the chosen language; a code of a newer shop in the API's own words. */
export function mistakeText(
  { code, message, values }: Mistake,
  { mistakes }: AdminTexts,
  number: (value: number) => string,
): string {
  const named = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "number" ? number(value) : value,
  ]);
  return mistakes[code]?.(Object.fromEntries(named)) ?? message;
}

/** `variants[0].sku` as "Variants 1, SKU"; what the shop has no word for stays, such as the name of an option. */
export function fieldName(path: string, { fields }: AdminTexts): string {
  const steps = Array.from(path.matchAll(/([^.[\]]+)(?:\[(\d+)\])?/g), ([, name = "", place]) => {
    const word = fields[name] ?? name;
    return place === undefined ? word : `${word} ${Number(place) + 1}`;
  });
  return steps.join(", ");
}
