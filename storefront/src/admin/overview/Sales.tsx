import { useQuery } from "@tanstack/react-query";
import { useSpeech } from "@/texts";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import form from "../ui/Form.module.css";
import { Panel } from "../ui/Panel";
import { type Column, Table } from "../ui/Table";
import styles from "./OverviewPage.module.css";
import { PERIODS, type Period, type SalesPoint, salesQuery } from "./queries";
import { SalesChart } from "./SalesChart";
import { useMoments } from "./useMoments";

/** What was sold, in total and over time. */
export function Sales({ period }: { period: Period }) {
  const { overview } = useAdminTexts();
  const sales = useQuery(salesQuery(period));
  return (
    <Answer query={sales} away={overview.away} room="28rem">
      {({ points, total, counted_until }) => (
        <>
          <Totals total={total} />
          <Panel title={PERIODS[period].interval === "hour" ? overview.byHour : overview.byDay}>
            <SalesChart points={points} interval={PERIODS[period].interval} />
            <SalesTable points={points} period={period} />
            <CountedUntil at={counted_until} />
          </Panel>
        </>
      )}
    </Answer>
  );
}

function Totals({ total }: { total: SalesPoint }) {
  const { overview } = useAdminTexts();
  const { money, number } = useSpeech();
  const figures: [string, string][] = [
    [overview.revenue, money(total.revenue)],
    [overview.orders, number(total.orders)],
    [overview.units, number(total.units)],
    [overview.rejected, number(total.rejected)],
    [overview.cancelled, number(total.cancelled)],
  ];
  return (
    <dl className={form.stats}>
      {figures.map(([name, value]) => (
        <div key={name} className={form.stat}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The same as the chart, for whoever does not see it, or wants it exactly. */
function SalesTable({ points, period }: { points: SalesPoint[]; period: Period }) {
  const { overview } = useAdminTexts();
  const { money, number } = useSpeech();
  const { whole } = useMoments(PERIODS[period].interval);
  const columns: Column<SalesPoint>[] = [
    { name: overview.when, cell: ({ at }) => whole(at) },
    { name: overview.revenue, end: true, cell: ({ revenue }) => money(revenue) },
    { name: overview.orders, end: true, cell: ({ orders }) => number(orders) },
    { name: overview.units, end: true, cell: ({ units }) => number(units) },
    { name: overview.rejected, end: true, cell: ({ rejected }) => number(rejected) },
    { name: overview.cancelled, end: true, cell: ({ cancelled }) => number(cancelled) },
  ];
  return (
    <details className={styles.figures}>
      <summary>{overview.asTable}</summary>
      <Table caption={overview.asTable} columns={columns} rows={points} keyOf={({ at }) => at} />
    </details>
  );
}

function CountedUntil({ at }: { at: string | null }) {
  const { overview } = useAdminTexts();
  const { dateTime } = useSpeech();
  return <p className={form.quiet}>{at ? overview.countedUntil(dateTime(at)) : overview.notCounted}</p>;
}
