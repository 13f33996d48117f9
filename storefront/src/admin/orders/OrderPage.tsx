import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import type { Order, Schemas } from "@/api/client";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Modal } from "../ui/Modal";
import { Panel } from "../ui/Panel";
import { Refused } from "../ui/Refused";
import { type Column, Table } from "../ui/Table";
import { type OrderFile, orderQuery, useStep } from "./queries";
import { StatusBadge } from "./StatusBadge";
import { Timeline } from "./Timeline";

/** One order: what was bought, by whom, and what has happened since. */
export default function OrderPage() {
  const { id = "" } = useParams();
  const { orders } = useAdminTexts();
  const file = useQuery(orderQuery(id));
  const number = file.data ? orders.numbered(file.data.order.number) : orders.title;
  return (
    <Page title={number}>
      <Answer query={file} away={orders.away} room="24rem">
        {(file) => <OrderFileView file={file} />}
      </Answer>
    </Page>
  );
}

function OrderFileView({ file }: { file: OrderFile }) {
  const { orders } = useAdminTexts();
  const { order } = file;
  return (
    <>
      <Heading
        back={{ to: "/admin/orders", name: orders.title }}
        title={
          <>
            {orders.numbered(order.number)} <StatusBadge status={order.status} />
          </>
        }
      >
        <Steps order={order} />
      </Heading>
      <div className={form.columns}>
        <div className={form.column}>
          <Lines order={order} />
        </div>
        <div className={form.column}>
          <Customer file={file} />
          <Panel title={orders.timeline}>
            <Timeline entries={file.timeline} />
          </Panel>
        </div>
      </div>
    </>
  );
}

function Steps({ order }: { order: Order }) {
  const { orders, common } = useAdminTexts();
  const fulfil = useStep("fulfilment");
  const cancel = useStep("cancellation");
  const [asks, setAsks] = useState(false);
  const canCancel = order.status === "pending" || order.status === "confirmed";
  const error = fulfil.error ?? cancel.error;
  return (
    <>
      {error && <Refused error={error} away={orders.away} />}
      {canCancel && (
        <Button look="danger" disabled={cancel.isPending} onClick={() => setAsks(true)}>
          {orders.cancel}
        </Button>
      )}
      {order.status === "confirmed" && (
        <Button look="main" disabled={fulfil.isPending} onClick={() => fulfil.mutate(order.id)}>
          {orders.fulfil}
        </Button>
      )}
      <Modal title={orders.cancelAsk(order.number)} isOpen={asks} onClose={() => setAsks(false)}>
        <p>{orders.cancelText}</p>
        <div className={form.actions}>
          <Button
            look="danger"
            onClick={() => {
              setAsks(false);
              cancel.mutate(order.id);
            }}
          >
            {orders.cancel}
          </Button>
          <Button onClick={() => setAsks(false)}>{common.back}</Button>
        </div>
      </Modal>
    </>
  );
}

function Lines({ order }: { order: Order }) {
  const { orders } = useAdminTexts();
  const { money, number } = useSpeech();
  const columns: Column<Schemas["OrderedLine"]>[] = [
    {
      name: orders.item,
      cell: (line) => [line.name, ...Object.values(line.options)].join(", "),
    },
    { name: orders.sku, cell: (line) => <Link to={`/admin/stock/${line.sku}`}>{line.sku}</Link> },
    { name: orders.quantity, end: true, cell: (line) => number(line.quantity) },
    { name: orders.price, end: true, cell: (line) => money(line.unit_price) },
    { name: orders.lineTotal, end: true, cell: (line) => money(line.line_total) },
  ];
  return (
    <>
      <Table caption={orders.lines} columns={columns} rows={order.lines} keyOf={(line) => line.sku} />
      <dl className={form.stats}>
        <div className={form.stat}>
          <dt>{orders.total}</dt>
          <dd>{money(order.total)}</dd>
        </div>
      </dl>
    </>
  );
}

function Customer({ file }: { file: OrderFile }) {
  const { orders } = useAdminTexts();
  const { country } = useSpeech();
  const address = (file.shipping_address ?? {}) as Record<string, string | null>;
  return (
    <Panel title={orders.customer}>
      <dl className={form.facts}>
        <dt>{orders.email}</dt>
        <dd>{file.email ?? orders.unknown}</dd>
        <dt>{orders.address}</dt>
        <dd>
          {file.shipping_address ? (
            <address>
              {address.name}
              <br />
              {address.line1}
              <br />
              {address.line2 && (
                <>
                  {address.line2}
                  <br />
                </>
              )}
              {address.postal_code} {address.city}
              <br />
              {address.country && country(address.country)}
            </address>
          ) : (
            orders.unknown
          )}
        </dd>
      </dl>
      {file.user_id && <Link to={`/admin/orders?user=${file.user_id}`}>{orders.theirs}</Link>}
    </Panel>
  );
}
