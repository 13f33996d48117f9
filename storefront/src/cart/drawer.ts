import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let isOpen = false;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the cart's drawer is open. */
export function openDrawer(open = true): void {
  isOpen = open;
  for (const listener of listeners) listener();
}

export function useDrawer(): [boolean, (open: boolean) => void] {
  return [useSyncExternalStore(subscribe, () => isOpen), openDrawer];
}
