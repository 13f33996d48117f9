/** What a page will ask for, asked while its script is still on its way. The page itself deals with what goes wrong. */
import type { LoaderFunctionArgs } from "react-router";
import {
  categoriesQuery,
  categoryOptionsQuery,
  newestQuery,
  productQuery,
  productsQuery,
} from "@/catalog/queries";
import { queries } from "@/queries";
import { wantedOf } from "./list/address";

export function home(): null {
  void queries.prefetchQuery(categoriesQuery);
  void queries.prefetchQuery(newestQuery);
  return null;
}

export function list({ params, request }: LoaderFunctionArgs): null {
  const { slug } = params;
  void queries.prefetchInfiniteQuery(productsQuery(wantedOf(new URL(request.url).searchParams, slug)));
  if (slug) {
    void queries.prefetchQuery(categoriesQuery);
    void queries.prefetchQuery(categoryOptionsQuery(slug));
  }
  return null;
}

export function product({ params: { slug = "" } }: LoaderFunctionArgs): null {
  void queries.prefetchQuery(productQuery(slug));
  return null;
}
