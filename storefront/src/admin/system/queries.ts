import { queryOptions } from "@tanstack/react-query";
import { answered, api, type Schemas } from "@/api/client";

export type LiveView = Schemas["LiveView"];
export type LiveReplica = Schemas["LiveReplica"];
export type Traffic = Schemas["Edge"];
export type Incident = Schemas["Incident"];

/** The front asks everyone once a second at most, however many pages look. */
const LOOK_MS = 1_000;

export const liveQuery = queryOptions({
  queryKey: ["admin", "system", "live"],
  refetchInterval: LOOK_MS,
  retry: 0,
  queryFn: ({ signal }) => answered(api.GET("/api/system/live", { signal })),
});
