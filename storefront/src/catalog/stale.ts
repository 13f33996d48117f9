import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let isStale = false;

/** A product or list came from the front's memory, because catalog is away; or fresh again. */
export function heardOfCatalog(response: Response): void {
  // Not `Warning`: of an answer that has not changed since, browsers keep the one of before.
  const now = response.headers.get("Cache-Status")?.includes("detail=stale") ?? false;
  if (!response.ok || now === isStale) return;
  isStale = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const catalogIsStale = (): boolean => isStale;

export const useIsCatalogStale = (): boolean => useSyncExternalStore(subscribe, catalogIsStale);
