import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { FINAL, orderKey, orderQuery } from "./queries";

const AGAIN_MS = 2_000;

/** An order that follows its events: each change is shown when it happens. Where events cannot be had, it is looked at instead. */
export function useLiveOrder(id: string) {
  const client = useQueryClient();
  const order = useQuery({
    ...orderQuery(id),
    refetchInterval: ({ state }) =>
      state.data && state.data.status !== "pending" && !state.error ? false : AGAIN_MS,
  });
  const isOver = order.data !== undefined && FINAL.has(order.data.status);
  const isThere = order.data !== undefined;

  useEffect(() => {
    if (!isThere || isOver) return;
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;

    function open() {
      source = new EventSource(`/api/orders/${id}/events`);
      source.addEventListener("status", () => void client.invalidateQueries({ queryKey: orderKey(id) }));
      source.addEventListener("error", () => {
        // The browser opens a stream that broke off again by itself, but not one that was refused.
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS);
      });
    }

    open();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, [id, isThere, isOver, client]);

  return order;
}
