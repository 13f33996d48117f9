import { Link } from "react-router";
import type { ProductSummary } from "@/api/client";
import { useSpeech } from "@/texts";
import { Picture } from "@/ui/Picture";
import styles from "./ProductCard.module.css";

const SIZES = "(width < 45rem) 46vw, (width < 70rem) 30vw, 19rem";

interface ProductCardProps {
  product: ProductSummary;
  /** As the headings around it ask for. */
  heading: "h2" | "h3";
  first?: boolean;
}

export function ProductCard({ product, heading: Heading, first = false }: ProductCardProps) {
  const { texts, money } = useSpeech();
  const isSoldOut = product.available === 0;
  return (
    <article className={styles.card} data-sold-out={isSoldOut}>
      <Picture source={product.image} alt="" sizes={SIZES} first={first} className={styles.picture ?? ""} />
      <div className={styles.words}>
        <Heading className={styles.name}>
          <Link to={`/products/${product.slug}`} className={styles.link}>
            {product.name}
          </Link>
        </Heading>
        <p className={styles.price}>{money(product.price)}</p>
      </div>
      {isSoldOut && <span className={styles.badge}>{texts.catalog.soldOut}</span>}
    </article>
  );
}
