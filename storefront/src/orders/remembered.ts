import { useSyncExternalStore } from "react";
import { createStored } from "@/stored";

/** A guest's orders, newest first: whoever holds their ids sees them, and nobody else knows the ids. */
const remembered = createStored<string[]>("markethall.orders");
const MOST = 30;

export function rememberOrder(id: string): void {
  const others = (remembered.get() ?? []).filter((other) => other !== id);
  remembered.set([id, ...others].slice(0, MOST));
}

export const useRememberedOrders = (): string[] =>
  useSyncExternalStore(remembered.subscribe, remembered.get) ?? none;

const none: string[] = [];
