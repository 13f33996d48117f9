import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Schemas } from "@/api/client";
import { isProblem } from "@/api/problems";
import { given } from "../url";

export type StockRow = Schemas["StockRow"];
export type Movement = Schemas["MovementView"];
export type Replenishment = Schemas["ReplenishmentView"];

/** At most so many left: it is time to order more. */
export const LOW = 5;
const PAGE = 25;
const LOOK_MS = 5_000;

export const STOCK_FILTERS = ["query", "sort", "below"] as const;
export type StockFilter = (typeof STOCK_FILTERS)[number];

export const stockListQuery = (filters: Record<StockFilter, string>, cursor: string) =>
  queryOptions({
    queryKey: ["admin", "stock", filters, cursor],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => {
      const query = given({
        query: filters.query,
        sort: (filters.sort === "sku" ? "sku" : "available") as "sku" | "available",
        available_below: filters.below && Number(filters.below),
        limit: PAGE,
        cursor,
      });
      return answered(api.GET("/api/stock", { params: { query }, signal }));
    },
  });

export const stockQuery = (sku: string) =>
  queryOptions({
    queryKey: ["admin", "stock", "of", sku],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => answered(api.GET("/api/stock/{sku}", { params: { path: { sku } }, signal })),
  });

export const movementsQuery = (sku: string, cursor: string) =>
  queryOptions({
    queryKey: ["admin", "stock", "movements", sku, cursor],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) =>
      answered(
        api.GET("/api/stock/{sku}/movements", {
          params: { path: { sku }, query: given({ limit: PAGE, cursor }) },
          signal,
        }),
      ),
  });

/** Null: it is not topped up. */
export const replenishmentQuery = (sku: string) =>
  queryOptions({
    queryKey: ["admin", "stock", "replenishment", sku],
    queryFn: async ({ signal }): Promise<Replenishment | null> => {
      try {
        return await answered(
          api.GET("/api/stock/{sku}/replenishment", { params: { path: { sku } }, signal }),
        );
      } catch (error) {
        if (isProblem(error, "not_found")) return null;
        throw error;
      }
    },
  });

export interface Receipt {
  sku: string;
  quantity: number;
  reference: string;
  /** The same key is the same receipt, however often it is sent. */
  key: string;
}

export function useReceive() {
  return useStockChange(({ sku, quantity, reference, key }: Receipt) =>
    answered(
      api.POST("/api/stock/{sku}/receipts", {
        params: { path: { sku }, header: { "Idempotency-Key": key } },
        body: { quantity, reference },
      }),
    ),
  );
}

/** Null ends it. */
export function useReplenish(sku: string) {
  return useStockChange((wanted: { target: number; interval_seconds: number } | null) =>
    wanted
      ? answered(api.PUT("/api/stock/{sku}/replenishment", { params: { path: { sku } }, body: wanted }))
      : answered(api.DELETE("/api/stock/{sku}/replenishment", { params: { path: { sku } } })),
  );
}

function useStockChange<Wanted, Done>(change: (wanted: Wanted) => Promise<Done>) {
  const queries = useQueryClient();
  return useMutation<Done, Error, Wanted>({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ["admin", "stock"] }),
  });
}
