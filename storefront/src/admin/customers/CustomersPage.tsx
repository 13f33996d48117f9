import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useUser } from "@/session/useUser";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import { Badge } from "../ui/Badge";
import { SearchField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Modal } from "../ui/Modal";
import { Pager } from "../ui/Pager";
import { Refused } from "../ui/Refused";
import { type Column, Table } from "../ui/Table";
import { useFilters } from "../url";
import { type Customer, customersQuery, useSetRoles } from "./queries";

const FILTERS = ["query"] as const;

/** Who has an account, and who keeps the shop. */
export default function CustomersPage() {
  const { customers, common } = useAdminTexts();
  const filters = useFilters(FILTERS);
  const list = useQuery(customersQuery(filters.values.query, filters.cursor));
  const [asked, setAsked] = useState<Customer | null>(null);
  const columns = useColumns(setAsked);
  return (
    <Page title={customers.title}>
      <Heading title={customers.title} />
      <search className={form.filters}>
        <SearchField
          label={customers.search}
          value={filters.values.query}
          onSettled={(query) => filters.set({ query })}
        />
      </search>
      <Answer query={list} away={customers.away}>
        {({ items, next_cursor }) => (
          <>
            {items.length > 0 ? (
              <Table caption={customers.title} columns={columns} rows={items} keyOf={(row) => row.id} />
            ) : (
              <div className={form.empty}>
                <p>{customers.none}</p>
                <Button onClick={filters.clear}>{common.clear}</Button>
              </div>
            )}
            <Pager next={next_cursor} />
          </>
        )}
      </Answer>
      {asked && <RoleQuestion customer={asked} onDone={() => setAsked(null)} />}
    </Page>
  );
}

function RoleQuestion({ customer, onDone }: { customer: Customer; onDone: () => void }) {
  const { customers, common } = useAdminTexts();
  const me = useUser();
  const setRoles = useSetRoles();
  const isAdmin = customer.roles.includes("admin");
  const words = isAdmin ? customers.take : customers.give;
  return (
    <Modal title={words} isOpen onClose={onDone}>
      <p>{isAdmin ? customers.takeText(customer.email) : customers.giveText(customer.email)}</p>
      {isAdmin && customer.id === me?.id && <Notice kind="warning">{customers.oneself}</Notice>}
      {setRoles.error && <Refused error={setRoles.error} away={customers.away} />}
      <div className={form.actions}>
        <Button
          look={isAdmin ? "danger" : "main"}
          disabled={setRoles.isPending}
          onClick={() => setRoles.mutate({ id: customer.id, isAdmin: !isAdmin }, { onSuccess: onDone })}
        >
          {words}
        </Button>
        <Button onClick={onDone}>{common.back}</Button>
      </div>
    </Modal>
  );
}

function useColumns(onAsk: (customer: Customer) => void): Column<Customer>[] {
  const { customers } = useAdminTexts();
  const { date } = useSpeech();
  return [
    { name: customers.name, cell: (row) => row.name },
    { name: customers.email, cell: (row) => row.email },
    { name: customers.since, cell: (row) => date(row.created_at) },
    {
      name: customers.role,
      cell: (row) =>
        row.roles.includes("admin") ? (
          <Badge tone="sky">{customers.admin}</Badge>
        ) : (
          <Badge tone="calm">{customers.customer}</Badge>
        ),
    },
    {
      name: customers.orders,
      cell: (row) => (
        <Link to={`/admin/orders?user=${row.id}`} aria-label={customers.ordersOf(row.name)}>
          {customers.orders}
        </Link>
      ),
    },
    {
      name: customers.actions,
      actions: true,
      cell: (row) => {
        const words = row.roles.includes("admin") ? customers.take : customers.give;
        return (
          <Button aria-label={`${words}: ${row.email}`} onClick={() => onAsk(row)}>
            {words}
          </Button>
        );
      },
    },
  ];
}
