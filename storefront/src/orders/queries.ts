import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answered, api, type OrderStatus } from "@/api/client";

export const FINAL: ReadonlySet<OrderStatus> = new Set(["rejected", "cancelled", "fulfilled"]);

export const orderKey = (id: string) => ["order", id];

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: orderKey(id),
    queryFn: ({ signal }) =>
      answered(api.GET("/api/orders/{order_id}", { params: { path: { order_id: id } }, signal })),
  });

export const ordersQuery = (userId: string) =>
  infiniteQueryOptions({
    queryKey: ["orders", userId],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 10, ...(pageParam !== null && { cursor: pageParam }) };
      return answered(api.GET("/api/orders", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor,
  });
