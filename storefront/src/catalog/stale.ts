import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let isStale = false;

/** A product or list came from the front's memory, because catalog is away; or fresh again. */
export function heardOfCatalog(response: Response): void {
  // RFC 9111's 110: "Response is Stale".
  const now = response.headers.get("Warning")?.startsWith("110") ?? false;
  if (!response.ok || now === isStale) return;
  isStale = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useIsCatalogStale = (): boolean => useSyncExternalStore(subscribe, () => isStale);
