import { QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { isProblem } from "@/api/problems";
import { catalogIsStale, useIsCatalogStale } from "@/catalog/stale";

/** So often a question that failed, or got an old answer, is asked again by itself, while its page is looked at. */
export const AGAIN_MS = 3_000;

const OF_PRODUCTS = new Set<unknown>(["product", "products"]);

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // Long enough that a list is there at once, at its old place, when one comes back to it.
      gcTime: 15 * 60_000,
      staleTime: 15_000,
      // The browser's idea of being online says nothing about the shop.
      networkMode: "always",
      // The front has tried other replicas already: what it says is shown at once. A broken connection is another matter.
      retry: (count, error) => isProblem(error, "unreachable") && count < 1,
      retryDelay: 300,
      refetchInterval: ({ state, queryKey }) =>
        isPassing(state.error) || (catalogIsStale() && OF_PRODUCTS.has(queryKey[0])) ? AGAIN_MS : false,
    },
    mutations: { networkMode: "always" },
  },
});

/** Whether there are products on the page, and the last answer about products was an old one. */
export function useShowsOldProducts(): boolean {
  const areShown = useSyncExternalStore(subscribe, productsAreShown);
  return useIsCatalogStale() && areShown;
}

const subscribe = (listener: () => void): (() => void) => queries.getQueryCache().subscribe(listener);

const productsAreShown = (): boolean =>
  queries
    .getQueryCache()
    .getAll()
    .some((query) => OF_PRODUCTS.has(query.queryKey[0]) && query.isActive());

const isPassing = (error: unknown): boolean => isProblem(error) && error.isPassing;
