import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answered, api, type Category } from "@/api/client";

export const SORTS = ["relevance", "newest", "price", "-price", "name", "-name"] as const;
export type Sort = (typeof SORTS)[number];

/** Of a list; `options` by name, values of which one is enough. */
export interface Wanted {
  query?: string;
  category?: string;
  sort?: Sort;
  options?: Record<string, string[]>;
}

const PAGE = 24;
const MOST_CATEGORIES = 100;

/** All of them, the first hundreds at least; each names its parent. */
export const categoriesQuery = queryOptions({
  queryKey: ["categories"],
  staleTime: 60_000,
  queryFn: async ({ signal }): Promise<Category[]> => {
    const found: Category[] = [];
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = {
        limit: MOST_CATEGORIES,
        ...(cursor !== null && { cursor }),
      };
      const page: { items: Category[]; next_cursor: string | null } = await answered(
        api.GET("/api/categories", { params: { query }, signal }),
      );
      found.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null && found.length < 10 * MOST_CATEGORIES);
    return found;
  },
});

/** Page by page. A page may be short, and yet not be the last. */
export const productsQuery = (wanted: Wanted) =>
  infiniteQueryOptions({
    queryKey: ["products", wanted],
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }) => {
      const { options = {}, ...rest } = wanted;
      const filters = Object.fromEntries(
        Object.entries(options).map(([name, values]) => [`option.${name}`, values]),
      );
      const query = { ...rest, ...filters, limit: PAGE, ...(pageParam !== null && { cursor: pageParam }) };
      return answered(api.GET("/api/products", { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next_cursor,
  });

export const newestQuery = queryOptions({
  queryKey: ["products", "newest"],
  queryFn: ({ signal }) =>
    answered(api.GET("/api/products", { params: { query: { sort: "newest", limit: 8 } }, signal })),
});

export const productQuery = (slug: string) =>
  queryOptions({
    queryKey: ["product", slug],
    queryFn: ({ signal }) =>
      answered(api.GET("/api/products/{slug}", { params: { path: { slug } }, signal })),
  });

export const categoryOptionsQuery = (slug: string) =>
  queryOptions({
    queryKey: ["category options", slug],
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      answered(api.GET("/api/categories/{slug}/options", { params: { path: { slug } }, signal })),
  });

export const SUGGESTIONS = 6;

export const suggestionsQuery = (words: string) =>
  queryOptions({
    queryKey: ["suggestions", words],
    enabled: words.length > 0,
    queryFn: ({ signal }) =>
      answered(api.GET("/api/products", { params: { query: { query: words, limit: SUGGESTIONS } }, signal })),
  });
