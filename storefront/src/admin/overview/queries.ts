import { queryOptions } from "@tanstack/react-query";
import { answered, api, type Schemas } from "@/api/client";
import { liveQuery } from "../system/queries";

export type SalesPoint = Schemas["SalesPoint"];
export type BestSeller = Schemas["BestSeller"];
export type ShortSku = Schemas["ShortSku"];

/** How far back the figures go. */
export const PERIODS = {
  day: { interval: "hour", days: 1 },
  week: { interval: "day", days: 7 },
  month: { interval: "day", days: 30 },
} as const;
export type Period = keyof typeof PERIODS;
export type Ranking = "units" | "revenue";

const LOOK_MS = 10_000;
const HOUR_MS = 3_600_000;
const BEST = 8;
const LOWEST = 8;

/** Whole hours, or days from midnight on: so many bars, and the question stays the same for a while. */
function since({ interval, days }: (typeof PERIODS)[Period]): string {
  if (interval === "hour") {
    const hour = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    return new Date(hour - (days * 24 - 1) * HOUR_MS).toISOString();
  }
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  midnight.setDate(midnight.getDate() - (days - 1));
  return midnight.toISOString();
}

export const salesQuery = (period: Period) =>
  queryOptions({
    queryKey: ["admin", "sales", period],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => {
      const { interval } = PERIODS[period];
      const tz = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
      const query = { interval, tz, from: since(PERIODS[period]) };
      return answered(api.GET("/api/admin/sales", { params: { query }, signal }));
    },
  });

export const bestSellersQuery = (period: Period, by: Ranking) =>
  queryOptions({
    queryKey: ["admin", "best sellers", period, by],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => {
      const query = { by, from: since(PERIODS[period]), limit: BEST };
      return answered(api.GET("/api/admin/best-sellers", { params: { query }, signal }));
    },
  });

export const rejectionsQuery = (period: Period) =>
  queryOptions({
    queryKey: ["admin", "rejections", period],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => {
      const query = { from: since(PERIODS[period]), limit: BEST };
      return answered(api.GET("/api/admin/rejections", { params: { query }, signal }));
    },
  });

/** Refusals that no figure of sales has: fronts gave them by themselves, and no order was made. */
export const refusedQuery = { ...liveQuery, refetchInterval: LOOK_MS };

export const lowStockQuery = queryOptions({
  queryKey: ["admin", "stock", "lowest"],
  refetchInterval: LOOK_MS,
  queryFn: ({ signal }) => {
    const query = { sort: "available" as const, limit: LOWEST };
    return answered(api.GET("/api/stock", { params: { query }, signal }));
  },
});
