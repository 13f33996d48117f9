import { z } from "zod/mini";
import type { OrderRequest } from "./attempt";

const text = (most: number) => z.string().check(z.trim(), z.minLength(1), z.maxLength(most));

/** What the page asks for; limits are those of the API. */
export const delivery = z.object({
  email: z.string().check(z.trim(), z.maxLength(254), z.regex(/^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/)),
  name: text(200),
  line1: text(200),
  line2: z.string().check(z.trim(), z.maxLength(200)),
  postal_code: text(20),
  city: text(200),
  country: z.string().check(z.regex(/^[A-Z]{2}$/)),
});

export type Delivery = z.infer<typeof delivery>;

export const emptyDelivery: Delivery = {
  email: "",
  name: "",
  line1: "",
  line2: "",
  postal_code: "",
  city: "",
  country: "",
};

export function addressOf({
  email,
  line2,
  ...address
}: Delivery): Pick<OrderRequest, "email" | "shipping_address"> {
  return { email, shipping_address: { ...address, line2: line2 === "" ? null : line2 } };
}

/** The field of the page that the API means, if it is one of them. */
export function fieldOf(path: string): keyof Delivery | null {
  const name = path.replace(/^shipping_address\./, "");
  return name in emptyDelivery ? (name as keyof Delivery) : null;
}

export const COUNTRIES = [
  "AT",
  "BE",
  "BG",
  "CH",
  "CY",
  "CZ",
  "DE",
  "DK",
  "EE",
  "ES",
  "FI",
  "FR",
  "GB",
  "GR",
  "HR",
  "HU",
  "IE",
  "IS",
  "IT",
  "LI",
  "LT",
  "LU",
  "LV",
  "MT",
  "NL",
  "NO",
  "PL",
  "PT",
  "RO",
  "SE",
  "SI",
  "SK",
  "CA",
  "US",
  "AU",
  "NZ",
  "JP",
];
