import { useState } from "react";
import type { Product } from "@/api/client";
import { useTexts } from "@/texts";
import { Picture } from "@/ui/Picture";
import styles from "./Pictures.module.css";

export function Pictures({ product }: { product: Product }) {
  const texts = useTexts();
  const [place, setPlace] = useState(0);
  const shown = Math.min(place, Math.max(product.images.length - 1, 0));
  return (
    <section className={styles.pictures} aria-label={texts.product.pictures}>
      <Picture
        source={product.images[shown]}
        alt={texts.product.picture(product.name, shown + 1)}
        sizes="(width < 52rem) 92vw, 42rem"
        first
        className={styles.large ?? ""}
      />
      {product.images.length > 1 && (
        <ul className={styles.small}>
          {product.images.map((image, at) => (
            <li key={image}>
              <button type="button" aria-pressed={at === shown} onClick={() => setPlace(at)}>
                <Picture source={image} alt={texts.product.picture(product.name, at + 1)} sizes="5rem" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
