import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { below, pathTo } from "@/catalog/categories";
import { ProductGridSkeleton } from "@/catalog/ProductGrid";
import { categoriesQuery } from "@/catalog/queries";
import { Component as NotFound } from "@/pages/NotFoundPage";
import { useTexts } from "@/texts";
import { Page } from "@/ui/Page";
import { useTrouble } from "@/ui/useTrouble";
import { useWide } from "@/ui/useWide";
import { wantedOf, withOption, withoutOptions, withSort } from "./address";
import { Filters } from "./Filters";
import styles from "./ListPage.module.css";
import { ProductList } from "./ProductList";
import { SortChoice } from "./SortChoice";
import { useAddress } from "./useAddress";

/** A category with all below it. */
export function Component() {
  const { slug = "" } = useParams();
  const { list, shop } = useTexts();
  const [address, change] = useAddress();
  const categories = useQuery(categoriesQuery);
  const trouble = useTrouble(categories);
  const isWide = useWide("60rem");
  const wanted = wantedOf(address, slug);
  const trail = pathTo(categories.data ?? [], slug);
  const here = trail.at(-1);
  if (categories.data && !here) return <NotFound />;
  if (!categories.data && !trouble) {
    // What is inside the category stands above its list, and would push it down.
    return (
      <Page title={slug}>
        <ProductGridSkeleton count={12} />
      </Page>
    );
  }
  const inside = below(categories.data ?? [], slug);
  const chosen = wanted.options ?? {};
  const count = Object.values(chosen).flat().length;
  return (
    <Page title={here?.name ?? slug}>
      <div className={styles.head}>
        <nav className={styles.trail} aria-label={list.trail}>
          <ol>
            <li>
              <Link to="/">{shop.home}</Link>
            </li>
            {trail.slice(0, -1).map((category) => (
              <li key={category.slug}>
                <Link to={`/categories/${category.slug}`}>{category.name}</Link>
              </li>
            ))}
            <li aria-current="page">{here?.name ?? slug}</li>
          </ol>
        </nav>
        <div className={styles.bar}>
          <h1>{here?.name ?? slug}</h1>
          <SortChoice
            sort={wanted.sort ?? "newest"}
            isSearch={false}
            onChoose={(sort) => change(withSort(address, sort))}
          />
        </div>
        {inside.length > 0 && (
          <nav aria-label={list.below}>
            <ul className={styles.below}>
              {inside.map((category) => (
                <li key={category.slug}>
                  <Link to={`/categories/${category.slug}`}>{category.name}</Link>
                </li>
              ))}
            </ul>
          </nav>
        )}
      </div>
      <div className={styles.columns}>
        <details className={styles.side} open={isWide}>
          <summary>
            {list.filters}
            {count > 0 && ` (${list.chosen(count)})`}
          </summary>
          <Filters
            category={slug}
            chosen={chosen}
            onChange={(option, value, isWanted) => change(withOption(address, option, value, isWanted))}
            onClear={() => change(withoutOptions(address))}
          />
        </details>
        <ProductList wanted={wanted} />
      </div>
    </Page>
  );
}
