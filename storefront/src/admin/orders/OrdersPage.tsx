import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Pager } from "../ui/Pager";
import { Refused } from "../ui/Refused";
import { type Column, Table } from "../ui/Table";
import { useFilters } from "../url";
import { OrderFilters } from "./OrderFilters";
import { ORDER_FILTERS, type OrderRow, ordersQuery, useStep } from "./queries";
import { StatusBadge } from "./StatusBadge";

/** All orders, the newest first, as they come in. */
export default function OrdersPage() {
  const { orders, common } = useAdminTexts();
  const filters = useFilters(ORDER_FILTERS);
  const list = useQuery(ordersQuery(filters.values, filters.cursor));
  const fulfil = useStep("fulfilment");
  const columns = useColumns((id) => fulfil.mutate(id), fulfil.isPending ? fulfil.variables : null);
  return (
    <Page title={orders.title}>
      <Heading title={orders.title} />
      <OrderFilters filters={filters} />
      {fulfil.error && <Refused error={fulfil.error} away={orders.away} />}
      <Answer query={list} away={orders.away}>
        {({ items, next_cursor }) => (
          <>
            {items.length > 0 ? (
              <Table caption={orders.title} columns={columns} rows={items} keyOf={(row) => row.id} />
            ) : (
              <div className={form.empty}>
                <p>{filters.isNarrowed ? orders.none : orders.noneYet}</p>
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

function useColumns(onFulfil: (id: string) => void, busy: string | null): Column<OrderRow>[] {
  const { orders } = useAdminTexts();
  const { money, number, dateTime } = useSpeech();
  return [
    {
      name: orders.number,
      cell: (row) => <Link to={`/admin/orders/${row.id}`}>{orders.numbered(row.number)}</Link>,
    },
    { name: orders.placed, cell: (row) => dateTime(row.placed_at) },
    { name: orders.statusName, cell: (row) => <StatusBadge status={row.status} /> },
    { name: orders.customer, cell: (row) => row.email ?? row.name ?? orders.guest },
    { name: orders.units, end: true, cell: (row) => number(row.units) },
    { name: orders.total, end: true, cell: (row) => money(row.total) },
    {
      name: orders.actions,
      actions: true,
      cell: (row) =>
        row.status === "confirmed" && (
          <Button
            disabled={busy === row.id}
            onClick={() => onFulfil(row.id)}
            aria-label={orders.fulfilOne(row.number)}
          >
            {orders.fulfil}
          </Button>
        ),
    },
  ];
}
