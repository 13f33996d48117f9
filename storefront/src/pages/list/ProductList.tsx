import { useInfiniteQuery } from "@tanstack/react-query";
import { ProductGrid, ProductGridSkeleton } from "@/catalog/ProductGrid";
import { productsQuery, type Wanted } from "@/catalog/queries";
import { useReloadedPages } from "@/layout/places";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Trouble } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import styles from "./ProductList.module.css";

/** Page after page; what was loaded is there at once when one comes back. */
export function ProductList({ wanted }: { wanted: Wanted }) {
  const { list, catalog, trouble } = useTexts();
  const pages = useInfiniteQuery(productsQuery(wanted));
  const problem = useTrouble(pages);
  useReloadedPages(pages);
  if (!pages.data) {
    if (problem) return <Trouble error={problem} onRetry={() => void pages.refetch()} away={catalog.away} />;
    return <ProductGridSkeleton count={12} />;
  }
  const products = pages.data.pages.flatMap((page) => page.items);
  return (
    <div className={styles.list}>
      <p className={styles.count} role="status">
        {list.shown(products.length)}
        {pages.hasNextPage && " +"}
      </p>
      {pages.isRefetchError && <Notice kind="warning">{trouble.old}</Notice>}
      {products.length === 0 && !pages.hasNextPage ? (
        <Notice kind="info">{list.none}</Notice>
      ) : (
        <ProductGrid products={products} />
      )}
      {pages.isFetchNextPageError && (
        <Trouble error={pages.error} onRetry={() => void pages.fetchNextPage()} away={catalog.away} />
      )}
      {pages.hasNextPage && !pages.isFetchNextPageError && (
        <Button
          className={styles.more}
          disabled={pages.isFetchingNextPage}
          onClick={() => void pages.fetchNextPage()}
        >
          {pages.isFetchingNextPage ? list.moreComes : list.more}
        </Button>
      )}
    </div>
  );
}
