import type { Category } from "@/api/client";

/** A category and those right below it, as they are ordered in the shop. */
export interface Branch {
  category: Category;
  below: Category[];
}

/** The categories that have none above them, or none that is known. */
export function branches(categories: Category[]): Branch[] {
  const known = new Set(categories.map(({ slug }) => slug));
  const tops = categories.filter(({ parent }) => parent === null || !known.has(parent));
  return tops.map((category) => ({ category, below: below(categories, category.slug) }));
}

export const below = (categories: Category[], slug: string): Category[] =>
  categories.filter(({ parent }) => parent === slug);

/** From the top down to the category itself; empty where it is not known. */
export function pathTo(categories: Category[], slug: string): Category[] {
  const path: Category[] = [];
  let next: string | null = slug;
  while (next !== null) {
    const found: Category | undefined = categories.find((category) => category.slug === next);
    if (!found || path.includes(found)) break;
    path.unshift(found);
    next = found.parent;
  }
  return path;
}
