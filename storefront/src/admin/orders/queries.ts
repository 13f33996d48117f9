import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Order, type Schemas } from "@/api/client";
import { given } from "../url";

export type OrderRow = Schemas["OrderRow"];
export type OrderFile = Schemas["OrderFile"];

export const ORDER_FILTERS = ["status", "number", "email", "sku", "from", "to", "user"] as const;
export type OrderFilter = (typeof ORDER_FILTERS)[number];

const PAGE = 25;
const LOOK_MS = 3_000;

/** A page of the list, as it is now. `from` and `to` are days of the shopkeeper's clock, both included. */
export const ordersQuery = (filters: Record<OrderFilter, string>, cursor: string) =>
  queryOptions({
    queryKey: ["admin", "orders", filters, cursor],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => {
      const query = given({
        ...filters,
        status: filters.status as Order["status"] | "",
        number: filters.number && Number(filters.number),
        from: startOf(filters.from),
        to: startOf(filters.to, 1),
        limit: PAGE,
        cursor,
      });
      return answered(api.GET("/api/admin/orders", { params: { query }, signal }));
    },
  });

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ["admin", "order", id],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) =>
      answered(api.GET("/api/admin/orders/{order_id}", { params: { path: { order_id: id } }, signal })),
  });

export type Step = "fulfilment" | "cancellation";

/** What a shopkeeper does with an order. Repeating it is harmless. */
export function useStep(step: Step) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => {
      const params = { path: { order_id: id } };
      return answered(
        step === "fulfilment"
          ? api.POST("/api/orders/{order_id}/fulfilment", { params })
          : api.POST("/api/orders/{order_id}/cancellation", { params }),
      );
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ["admin"] }),
  });
}

/** RFC 3339 of the moment a day begins here, `later` days on; empty where it is no day. */
function startOf(day: string, later = 0): string {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  return year ? new Date(Number(year), Number(month) - 1, Number(date) + later).toISOString() : "";
}
