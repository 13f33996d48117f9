import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { Category } from "@/api/client";
import { branches } from "@/catalog/categories";
import { ProductGrid, ProductGridSkeleton } from "@/catalog/ProductGrid";
import { categoriesQuery, newestQuery } from "@/catalog/queries";
import { useTexts } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { Picture } from "@/ui/Picture";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import styles from "./HomePage.module.css";

/** Categories, and what is new. */
export function Component() {
  const { catalog } = useTexts();
  const categories = useQuery(categoriesQuery);
  const newest = useQuery(newestQuery);
  const categoriesTrouble = useTrouble(categories);
  const newestTrouble = useTrouble(newest);
  return (
    <Page title={null}>
      <section className={styles.hello}>
        <div className={styles.words}>
          <h1>{catalog.hello}</h1>
          <p>{catalog.helloText}</p>
          <ButtonLink look="main" to="/search">
            {catalog.look}
          </ButtonLink>
        </div>
        <ShopWindow categories={categories.data} />
      </section>
      <section className={styles.section} aria-labelledby="stalls">
        <h2 id="stalls">{catalog.categories}</h2>
        {categories.data ? (
          <ul className={styles.stalls}>
            {branches(categories.data).map(({ category, below }, place) => (
              <li key={category.slug} className={styles.stall} data-colour={place % 5}>
                <div className={styles.stallWords}>
                  <Link className={styles.stallName} to={`/categories/${category.slug}`}>
                    {category.name}
                  </Link>
                  {below.length > 0 && (
                    <ul className={styles.below}>
                      {below.map((one) => (
                        <li key={one.slug}>
                          <Link to={`/categories/${one.slug}`}>{one.name}</Link>
                        </li>
                      ))}
                    </ul>
                  )}
                </div>
                <Picture source={category.image} alt="" sizes="6rem" className={styles.stallPicture ?? ""} />
              </li>
            ))}
          </ul>
        ) : categoriesTrouble ? (
          <Trouble error={categoriesTrouble} onRetry={() => void categories.refetch()} away={catalog.away} />
        ) : (
          <StallSkeletons />
        )}
      </section>
      <section className={styles.section} aria-labelledby="newest">
        <h2 id="newest">{catalog.newest}</h2>
        {newest.data ? (
          <ProductGrid heading="h3" products={newest.data.items} />
        ) : newestTrouble ? (
          <Trouble error={newestTrouble} onRetry={() => void newest.refetch()} away={catalog.away} />
        ) : (
          <ProductGridSkeleton />
        )}
      </section>
    </Page>
  );
}

/** Keeps the room of as many as a shop may have. */
function StallSkeletons() {
  return (
    <div className={styles.stalls} aria-hidden>
      {Array.from({ length: 4 }, (_, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <Skeleton key={place} height="calc(9rem + 2px)" />
      ))}
    </div>
  );
}

const IN_THE_WINDOW = 4;

/** A look at what there is. It keeps its room until it is known. */
function ShopWindow({ categories }: { categories: Category[] | undefined }) {
  const pictures = (categories ?? []).flatMap(({ image }) => (image ? [image] : [])).slice(-IN_THE_WINDOW);
  if (categories && pictures.length === 0) return null;
  const places = categories ? pictures : Array.from({ length: IN_THE_WINDOW }, () => null);
  return (
    <ul className={styles.window} aria-hidden>
      {places.map((picture, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they stay where they are
        <li key={place}>
          <Picture source={picture} alt="" sizes="10rem" first />
        </li>
      ))}
    </ul>
  );
}
