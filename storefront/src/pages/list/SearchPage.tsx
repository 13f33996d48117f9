import { useTexts } from "@/texts";
import { Page } from "@/ui/Page";
import { wantedOf, withSort } from "./address";
import styles from "./ListPage.module.css";
import { ProductList } from "./ProductList";
import { SortChoice } from "./SortChoice";
import { useAddress } from "./useAddress";

/** What was found; without words, everything. */
export function Component() {
  const { search } = useTexts();
  const [address, change] = useAddress();
  const wanted = wantedOf(address, undefined);
  const title = wanted.query ? search.title(wanted.query) : search.everything;
  return (
    <Page title={title}>
      <div className={styles.bar}>
        <h1>{title}</h1>
        <SortChoice
          sort={wanted.sort ?? (wanted.query ? "relevance" : "newest")}
          isSearch={wanted.query !== undefined}
          onChoose={(sort) => change(withSort(address, sort))}
        />
      </div>
      <ProductList wanted={wanted} />
    </Page>
  );
}
