import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Product, type Schemas } from "@/api/client";
import { ensureFresh } from "@/session/session";
import { given } from "../url";
import type { Content } from "./draft";

export type ProductRow = Schemas["ProductRow"];
export const PRODUCT_FILTERS = ["query", "category", "status"] as const;
export type ProductFilter = (typeof PRODUCT_FILTERS)[number];
const PAGE = 25;
const LOOK_MS = 10_000;

export const productListQuery = (filters: Record<ProductFilter, string>, cursor: string) =>
  queryOptions({
    queryKey: ["admin", "products", filters, cursor],
    refetchInterval: LOOK_MS,
    queryFn: ({ signal }) => {
      const query = given({
        ...filters,
        status: filters.status as ProductRow["status"] | "",
        limit: PAGE,
        cursor,
      });
      return answered(api.GET("/api/admin/products", { params: { query }, signal }));
    },
  });

/** Not looked for again by itself: what somebody edits does not change under their hands. */
export const productQuery = (slug: string) =>
  queryOptions({
    queryKey: ["admin", "product", slug],
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    queryFn: ({ signal }) => freshProduct(slug, signal),
  });

export async function freshProduct(slug: string, signal?: AbortSignal): Promise<Product> {
  // Whoever's token has run out would be answered as a guest, and guests see nothing that is archived.
  await ensureFresh();
  return answered(
    api.GET("/api/products/{slug}", {
      params: { path: { slug } },
      cache: "no-store",
      ...(signal && { signal }),
    }),
  );
}

/** The shop's, ISO 4217. */
export const currencyQuery = queryOptions({
  queryKey: ["admin", "currency"],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }) => {
    const { items } = await answered(
      api.GET("/api/admin/products", { params: { query: { limit: 1 } }, signal }),
    );
    if (items[0]) return items[0].price.currency;
    const { total } = await answered(api.GET("/api/admin/sales", { signal }));
    return total.revenue.currency;
  },
});

export interface Change {
  slug: string;
  version: number;
  changes: Partial<Content> & { slug?: string; status?: Product["status"] };
}

export function useAddProduct() {
  return useProductChange((body: Content & { slug?: string }) =>
    answered(api.POST("/api/products", { body })),
  );
}

/** Throws `version_mismatch` where somebody else was faster. */
export function useChangeProduct() {
  return useProductChange(({ slug, version, changes }: Change) =>
    answered(
      api.PATCH("/api/products/{slug}", {
        params: { path: { slug }, header: { "If-Match": `"${version}"` } },
        body: changes,
      }),
    ),
  );
}

function useProductChange<Wanted>(change: (wanted: Wanted) => Promise<Product>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: (product) => {
      queries.setQueryData(productQuery(product.slug).queryKey, product);
      void queries.invalidateQueries({ queryKey: ["admin", "products"] });
      void queries.invalidateQueries({ queryKey: ["products"] });
    },
  });
}
