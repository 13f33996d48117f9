import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearchParams } from "react-router";
import { useSpeech } from "@/texts";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Pager } from "../ui/Pager";
import { Panel } from "../ui/Panel";
import { type Column, Table } from "../ui/Table";
import { type Movement, movementsQuery, replenishmentQuery, stockQuery } from "./queries";
import { ReceiptForm } from "./ReceiptForm";
import { ReplenishmentForm } from "./ReplenishmentForm";

/** What there is of one thing, and how it came to that. */
export default function SkuPage() {
  const { sku = "" } = useParams();
  const { stock } = useAdminTexts();
  const { number } = useSpeech();
  const level = useQuery(stockQuery(sku));
  const replenishment = useQuery(replenishmentQuery(sku));
  return (
    <Page title={sku}>
      <Heading back={{ to: "/admin/stock", name: stock.title }} title={sku} />
      <Answer query={level} away={stock.away} room="5rem">
        {({ available, reserved, on_hand }) => (
          <dl className={form.stats}>
            {[
              [stock.available, available] as const,
              [stock.reserved, reserved] as const,
              [stock.onHand, on_hand] as const,
            ].map(([name, value]) => (
              <div key={name} className={form.stat}>
                <dt>{name}</dt>
                <dd>{number(value)}</dd>
              </div>
            ))}
          </dl>
        )}
      </Answer>
      {level.data && (
        <div className={form.columns}>
          <div className={form.column}>
            <Ledger sku={sku} />
          </div>
          <div className={form.column}>
            <Panel title={stock.receiveOrCorrect}>
              <ReceiptForm sku={sku} onDone={() => undefined} />
            </Panel>
            <Panel title={stock.replenishment}>
              <Answer query={replenishment} away={stock.away} room="8rem">
                {(now) => <ReplenishmentForm sku={sku} now={now} />}
              </Answer>
            </Panel>
          </div>
        </div>
      )}
    </Page>
  );
}

function Ledger({ sku }: { sku: string }) {
  const { stock } = useAdminTexts();
  const [params] = useSearchParams();
  const movements = useQuery(movementsQuery(sku, params.get("cursor") ?? ""));
  const columns = useColumns();
  return (
    <>
      <h2>{stock.ledger}</h2>
      <Answer query={movements} away={stock.away}>
        {({ items, next_cursor }) => (
          <>
            {items.length > 0 ? (
              <Table caption={stock.ledger} columns={columns} rows={items} keyOf={(row) => row.id} />
            ) : (
              <p className={form.empty}>{stock.noMovements}</p>
            )}
            <Pager next={next_cursor} />
          </>
        )}
      </Answer>
    </>
  );
}

function useColumns(): Column<Movement>[] {
  const { stock } = useAdminTexts();
  const { dateTime } = useSpeech();
  return [
    { name: stock.what, cell: (row) => stock.kinds[row.kind] },
    { name: stock.when, cell: (row) => dateTime(row.at) },
    {
      name: stock.reference,
      cell: (row) =>
        row.order_id ? <Link to={`/admin/orders/${row.order_id}`}>{stock.order}</Link> : row.reference || "–",
    },
    {
      name: stock.onHand,
      end: true,
      cell: (row) => <Balance change={row.on_hand_delta} after={row.on_hand} />,
    },
    {
      name: stock.reserved,
      end: true,
      cell: (row) => <Balance change={row.reserved_delta} after={row.reserved} />,
    },
  ];
}

/** How a movement left it, and by how much it moved. */
function Balance({ change, after }: { change: number; after: number }) {
  const { number } = useSpeech();
  return (
    <span>
      {change !== 0 && <small>({change > 0 ? `+${number(change)}` : number(change)}) </small>}
      {number(after)}
    </span>
  );
}
