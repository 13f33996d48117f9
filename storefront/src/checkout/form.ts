import { email, name, text, trimmed } from "@/ui/rules";
import type { OrderRequest } from "./attempt";

/** What the page asks for. */
export interface Delivery {
  email: string;
  name: string;
  line1: string;
  line2: string;
  postal_code: string;
  city: string;
  country: string;
}

export const rules = {
  email,
  name,
  line1: text(1, 200),
  line2: text(0, 200),
  postal_code: text(1, 20),
  city: text(1, 200),
  country: text(2, 2),
};

export const emptyDelivery: Delivery = {
  email: "",
  name: "",
  line1: "",
  line2: "",
  postal_code: "",
  city: "",
  country: "",
};

export function addressOf(typed: Delivery): Pick<OrderRequest, "email" | "shipping_address"> {
  const { email, line2, ...address } = trimmed({ ...typed });
  return { email, shipping_address: { ...address, line2: line2 === "" ? null : line2 } };
}

/** The field of the page that the API means, if it is one of them. */
export function fieldOf(path: string): keyof Delivery | null {
  const name = path.replace(/^shipping_address\./, "");
  return name in emptyDelivery ? (name as keyof Delivery) : null;
}

export const COUNTRIES =
  "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK CA US AU NZ JP".split(
    " ",
  );
