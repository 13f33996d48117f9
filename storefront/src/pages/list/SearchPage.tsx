import { useSearchParams } from "react-router";
import { useTexts } from "@/texts";
import { Page } from "@/ui/Page";
import { wantedOf, withSort } from "./address";
import styles from "./ListPage.module.css";
import { ProductList } from "./ProductList";
import { SortChoice } from "./SortChoice";

/** What was found; without words, everything. */
export function Component() {
  const { search } = useTexts();
  const [address, setAddress] = useSearchParams();
  const wanted = wantedOf(address, undefined);
  const title = wanted.query ? search.title(wanted.query) : search.everything;
  return (
    <Page title={title}>
      <div className={styles.bar}>
        <h1>{title}</h1>
        <SortChoice
          sort={wanted.sort ?? (wanted.query ? "relevance" : "newest")}
          isSearch={wanted.query !== undefined}
          onChoose={(sort) =>
            setAddress(withSort(address, sort), { replace: true, preventScrollReset: true })
          }
        />
      </div>
      <ProductList wanted={wanted} />
    </Page>
  );
}
