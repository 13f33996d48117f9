import createClient from "openapi-fetch";
import { problemOf } from "./problems";
import type { components, paths } from "./schema";
import { transport } from "./transport";

/** Every call of the public API, with the types of its document (`npm run types`). */
export const api = createClient<paths>({ baseUrl: "/", fetch: transport });

export type Schemas = components["schemas"];
export type Money = Schemas["Money"];
export type Product = Schemas["ProductView"];
export type Variant = Schemas["VariantView"];
export type ProductSummary = Schemas["ProductSummary"];
export type Category = Schemas["CategoryView"];
export type Cart = Schemas["CartView"];
export type CartLine = Schemas["CartLineView"];
export type Order = Schemas["OrderView"];
export type OrderStatus = Order["status"];
export type User = Schemas["SessionUserView"];

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was asked for; throws the Problem that was answered instead. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  const body = error === undefined || error === "" ? null : JSON.stringify(error);
  throw await problemOf(new Response(body, { status: response.status, headers: response.headers }));
}
