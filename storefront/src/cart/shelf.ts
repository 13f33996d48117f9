/** Where things in the cart came from: the cart itself knows neither their pages nor their pictures. */
import { useSyncExternalStore } from "react";
import { createStored } from "@/stored";

interface Origin {
  slug: string;
  image: string | null;
}

const MOST = 200;
const shelf = createStored<Record<string, Origin>>("markethall.shelf");

export function remember(sku: string, origin: Origin): void {
  const { [sku]: _old, ...others } = shelf.get() ?? {};
  shelf.set(Object.fromEntries([...Object.entries(others).slice(1 - MOST), [sku, origin]]));
}

export function useOrigin(sku: string): Origin | undefined {
  return useSyncExternalStore(shelf.subscribe, () => shelf.get())?.[sku];
}
