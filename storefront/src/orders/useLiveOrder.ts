import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ensureFresh } from "@/session/session";
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
    let isLeft = false;
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;

    async function open() {
      // A stream is in nobody's name where the session has to be renewed first; while that cannot be done, it is refused.
      await ensureFresh().catch(() => undefined);
      if (isLeft) return;
      source = new EventSource(`/api/orders/${id}/events`);
      source.addEventListener("status", () => void client.invalidateQueries({ queryKey: orderKey(id) }));
      source.addEventListener("error", () => {
        // The browser opens a stream that broke off again by itself, but not one that was refused.
        if (source?.readyState === EventSource.CLOSED) timer = setTimeout(() => void open(), AGAIN_MS);
      });
    }

    void open();
    return () => {
      isLeft = true;
      clearTimeout(timer);
      source?.close();
    };
  }, [id, isThere, isOver, client]);

  return order;
}
