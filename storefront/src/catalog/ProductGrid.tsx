import type { ProductSummary } from "@/api/client";
import { Skeleton } from "@/ui/Skeleton";
import { ProductCard } from "./ProductCard";
import styles from "./ProductGrid.module.css";

const AT_ONCE = 4;

interface ProductGridProps {
  products: ProductSummary[];
  heading?: "h2" | "h3";
}

export function ProductGrid({ products, heading = "h2" }: ProductGridProps) {
  return (
    <ul className={styles.grid}>
      {products.map((product, place) => (
        <li key={product.slug}>
          <ProductCard heading={heading} product={product} first={place < AT_ONCE} />
        </li>
      ))}
    </ul>
  );
}

/** Keeps about the room of a list that is on its way. */
export function ProductGridSkeleton({ count = 8 }: { count?: number }) {
  return (
    <div className={styles.grid} aria-hidden>
      {Array.from({ length: count }, (_, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <div key={place} className={styles.ghost}>
          <Skeleton height="100%" />
        </div>
      ))}
    </div>
  );
}
