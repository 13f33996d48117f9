import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { categoriesQuery } from "@/catalog/queries";
import { useSpeech } from "@/texts";
import { Button, ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { Picture } from "@/ui/Picture";
import { CategorySelect } from "../categories/CategorySelect";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import { Badge } from "../ui/Badge";
import { SearchField, SelectField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Pager } from "../ui/Pager";
import { type Column, Table } from "../ui/Table";
import { type Filters, useFilters } from "../url";
import styles from "./ProductsPage.module.css";
import { PRODUCT_FILTERS, type ProductFilter, type ProductRow, productListQuery } from "./queries";

/** Every product, archived ones too. */
export default function ProductsPage() {
  const { products, common } = useAdminTexts();
  const filters = useFilters(PRODUCT_FILTERS);
  const list = useQuery(productListQuery(filters.values, filters.cursor));
  const columns = useColumns();
  return (
    <Page title={products.title}>
      <Heading title={products.title}>
        <ButtonLink to="/admin/import">{products.import}</ButtonLink>
        <ButtonLink look="main" to="/admin/products/new">
          {products.add}
        </ButtonLink>
      </Heading>
      <ProductFilters filters={filters} />
      <Answer query={list} away={products.away}>
        {({ items, next_cursor }) => (
          <>
            {items.length > 0 ? (
              <Table caption={products.title} columns={columns} rows={items} keyOf={(row) => row.slug} />
            ) : (
              <div className={form.empty}>
                <p>{filters.isNarrowed ? products.none : products.noneYet}</p>
                {filters.isNarrowed && <Button onClick={filters.clear}>{common.clear}</Button>}
              </div>
            )}
            <Pager next={next_cursor} />
          </>
        )}
      </Answer>
    </Page>
  );
}

function ProductFilters({ filters: { values, set } }: { filters: Filters<ProductFilter> }) {
  const { products, common } = useAdminTexts();
  return (
    <search className={form.filters}>
      <SearchField label={products.search} value={values.query} onSettled={(query) => set({ query })} />
      <CategorySelect
        label={products.category}
        value={values.category}
        none={common.all}
        onChange={(category) => set({ category })}
      />
      <SelectField
        label={products.status}
        value={values.status}
        onChange={(event) => set({ status: event.target.value })}
      >
        <option value="">{common.all}</option>
        <option value="active">{products.active}</option>
        <option value="archived">{products.archived}</option>
      </SelectField>
    </search>
  );
}

function useColumns(): Column<ProductRow>[] {
  const { products } = useAdminTexts();
  const { money, number } = useSpeech();
  const categories = useQuery(categoriesQuery);
  const nameOf = (slug: string) => categories.data?.find((one) => one.slug === slug)?.name ?? slug;
  return [
    {
      name: products.product,
      cell: (row) => (
        <span className={styles.product}>
          <Picture source={row.image} alt="" sizes="3rem" className={styles.picture ?? ""} />
          <Link to={`/admin/products/${row.slug}`}>{row.name}</Link>
        </span>
      ),
    },
    { name: products.category, cell: (row) => (row.category ? nameOf(row.category) : "–") },
    { name: products.from, end: true, cell: (row) => money(row.price) },
    { name: products.variants, end: true, cell: (row) => number(row.variants) },
    {
      name: products.status,
      cell: (row) => (
        <Badge tone={row.status === "active" ? "good" : "calm"}>
          {row.status === "active" ? products.active : products.archived}
        </Badge>
      ),
    },
  ];
}
