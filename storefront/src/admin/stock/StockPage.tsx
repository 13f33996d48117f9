import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import { SearchField, SelectField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Modal } from "../ui/Modal";
import { Pager } from "../ui/Pager";
import { type Column, Table } from "../ui/Table";
import { type Filters, useFilters } from "../url";
import { Available } from "./Available";
import { LOW, STOCK_FILTERS, type StockFilter, type StockRow, stockListQuery } from "./queries";
import { ReceiptForm } from "./ReceiptForm";

/** What there is of everything, the lowest first. */
export default function StockPage() {
  const { stock, common } = useAdminTexts();
  const filters = useFilters(STOCK_FILTERS);
  const list = useQuery(stockListQuery(filters.values, filters.cursor));
  const [receiving, setReceiving] = useState<string | null>(null);
  const columns = useColumns(setReceiving);
  return (
    <Page title={stock.title}>
      <Heading title={stock.title} />
      <StockFilters filters={filters} />
      <Answer query={list} away={stock.away}>
        {({ items, next_cursor }) => (
          <>
            {items.length > 0 ? (
              <Table caption={stock.title} columns={columns} rows={items} keyOf={(row) => row.sku} />
            ) : (
              <div className={form.empty}>
                <p>{filters.isNarrowed ? stock.none : stock.noneYet}</p>
                {filters.isNarrowed && <Button onClick={filters.clear}>{common.clear}</Button>}
              </div>
            )}
            <Pager next={next_cursor} />
          </>
        )}
      </Answer>
      <Modal
        title={stock.receiveOf(receiving ?? "")}
        isOpen={receiving !== null}
        onClose={() => setReceiving(null)}
      >
        {receiving && <ReceiptForm sku={receiving} onDone={() => setReceiving(null)} />}
      </Modal>
    </Page>
  );
}

function StockFilters({ filters: { values, set } }: { filters: Filters<StockFilter> }) {
  const { stock, common } = useAdminTexts();
  return (
    <search className={form.filters}>
      <SearchField label={stock.search} value={values.query} onSettled={(query) => set({ query })} />
      <SelectField
        label={stock.show}
        value={values.below}
        onChange={(event) => set({ below: event.target.value })}
      >
        <option value="">{common.all}</option>
        <option value="1">{stock.soldOut}</option>
        <option value={LOW + 1}>{stock.low(LOW)}</option>
        <option value="21">{stock.low(20)}</option>
      </SelectField>
      <SelectField
        label={common.sort}
        value={values.sort === "sku" ? "sku" : ""}
        onChange={(event) => set({ sort: event.target.value })}
      >
        <option value="">{stock.lowestFirst}</option>
        <option value="sku">{stock.bySku}</option>
      </SelectField>
    </search>
  );
}

function useColumns(onReceive: (sku: string) => void): Column<StockRow>[] {
  const { stock } = useAdminTexts();
  const { number } = useSpeech();
  return [
    { name: stock.sku, cell: (row) => <Link to={`/admin/stock/${row.sku}`}>{row.sku}</Link> },
    { name: stock.available, end: true, cell: (row) => <Available value={row.available} /> },
    { name: stock.reserved, end: true, cell: (row) => number(row.reserved) },
    { name: stock.onHand, end: true, cell: (row) => number(row.on_hand) },
    {
      name: stock.replenishedTo,
      end: true,
      cell: (row) => (row.replenished_to === null ? "–" : number(row.replenished_to)),
    },
    {
      name: stock.actions,
      actions: true,
      cell: (row) => (
        <Button onClick={() => onReceive(row.sku)} aria-label={stock.receiveOf(row.sku)}>
          {stock.receive}
        </Button>
      ),
    },
  ];
}
