import { Link } from "react-router";
import type { ProductSummary } from "@/api/client";
import { useSpeech } from "@/texts";
import { Picture } from "@/ui/Picture";
import styles from "./ProductCard.module.css";

const SIZES = "(width < 45rem) 46vw, (width < 70rem) 30vw, 19rem";

export function ProductCard({ product, first = false }: { product: ProductSummary; first?: boolean }) {
  const { texts, money } = useSpeech();
  const isSoldOut = product.available === 0;
  return (
    <article className={styles.card} data-sold-out={isSoldOut}>
      <Picture source={product.image} alt="" sizes={SIZES} first={first} className={styles.picture ?? ""} />
      <div className={styles.words}>
        <h3 className={styles.name}>
          <Link to={`/products/${product.slug}`} className={styles.link}>
            {product.name}
          </Link>
        </h3>
        <p className={styles.price}>{money(product.price)}</p>
      </div>
      {isSoldOut && <span className={styles.badge}>{texts.catalog.soldOut}</span>}
    </article>
  );
}
