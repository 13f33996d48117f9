import type { Category } from "@/api/client";
import { below, branches } from "@/catalog/categories";

export interface Placed {
  category: Category;
  /** 0 at the top. */
  depth: number;
}

/** From top to bottom as it is shown; `without`: not that one, nor what is below it. */
export function treeOf(categories: Category[], without?: Category): Placed[] {
  const shown = new Set<string>(without ? [without.slug] : []);
  function walk(category: Category, depth: number): Placed[] {
    if (shown.has(category.slug)) return [];
    shown.add(category.slug);
    return [{ category, depth }, ...below(categories, category.slug).flatMap((one) => walk(one, depth + 1))];
  }
  return branches(categories).flatMap(({ category }) => walk(category, 0));
}
