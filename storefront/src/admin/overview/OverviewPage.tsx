import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useSpeech } from "@/texts";
import { Page } from "@/ui/Page";
import { Available } from "../stock/Available";
import type { StockRow } from "../stock/queries";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import { SelectField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { type Column, Table } from "../ui/Table";
import { useFilters } from "../url";
import styles from "./OverviewPage.module.css";
import {
  type BestSeller,
  bestSellersQuery,
  lowStockQuery,
  PERIODS,
  type Period,
  type Ranking,
  refusedQuery,
  rejectionsQuery,
  type ShortSku,
} from "./queries";
import { Sales } from "./Sales";

const FILTERS = ["period", "by"] as const;

/** How the shop is doing. */
export default function OverviewPage() {
  const { overview } = useAdminTexts();
  const { values, set } = useFilters(FILTERS);
  const period: Period = values.period in PERIODS ? (values.period as Period) : "day";
  const by: Ranking = values.by === "revenue" ? "revenue" : "units";
  return (
    <Page title={overview.title}>
      <Heading title={overview.title}>
        <SelectField
          label={overview.period}
          bare
          value={period}
          onChange={(event) => set({ period: event.target.value })}
        >
          {(Object.keys(PERIODS) as Period[]).map((name) => (
            <option key={name} value={name}>
              {overview.periods[name]}
            </option>
          ))}
        </SelectField>
      </Heading>
      <Sales period={period} />
      <div className={styles.lists}>
        <BestSellers period={period} by={by} onBy={(by) => set({ by })} />
        <LowStock />
        <Rejections period={period} />
      </div>
    </Page>
  );
}

interface BestSellersProps {
  period: Period;
  by: Ranking;
  onBy: (by: Ranking) => void;
}

function BestSellers({ period, by, onBy }: BestSellersProps) {
  const { overview } = useAdminTexts();
  const { money, number } = useSpeech();
  const best = useQuery(bestSellersQuery(period, by));
  const columns: Column<BestSeller>[] = [
    { name: overview.product, cell: (row) => <Named {...row} /> },
    { name: overview.units, end: true, cell: (row) => number(row.units) },
    { name: overview.revenue, end: true, cell: (row) => money(row.revenue) },
  ];
  return (
    <section className={styles.list} aria-labelledby="best">
      <div className={styles.head}>
        <h2 id="best">{overview.best}</h2>
        <SelectField
          label={overview.rankedBy}
          bare
          value={by}
          onChange={(event) => onBy(event.target.value as Ranking)}
        >
          <option value="units">{overview.byUnits}</option>
          <option value="revenue">{overview.byRevenue}</option>
        </SelectField>
      </div>
      <Answer query={best} away={overview.away}>
        {({ items }) =>
          items.length > 0 ? (
            <Table caption={overview.best} columns={columns} rows={items} keyOf={({ sku }) => sku} />
          ) : (
            <p className={form.empty}>{overview.noSales}</p>
          )
        }
      </Answer>
    </section>
  );
}

function LowStock() {
  const { overview, stock } = useAdminTexts();
  const low = useQuery(lowStockQuery);
  const columns: Column<StockRow>[] = [
    { name: stock.sku, cell: ({ sku }) => <Link to={`/admin/stock/${sku}`}>{sku}</Link> },
    { name: stock.available, end: true, cell: ({ available }) => <Available value={available} /> },
  ];
  return (
    <section className={styles.list} aria-labelledby="low">
      <h2 id="low">{overview.low}</h2>
      <Answer query={low} away={stock.away}>
        {({ items }) =>
          items.length > 0 ? (
            <Table caption={overview.low} columns={columns} rows={items} keyOf={({ sku }) => sku} />
          ) : (
            <p className={form.empty}>{stock.noneYet}</p>
          )
        }
      </Answer>
    </section>
  );
}

function Rejections({ period }: { period: Period }) {
  const { overview } = useAdminTexts();
  const { number } = useSpeech();
  const rejections = useQuery(rejectionsQuery(period));
  const refused = useQuery(refusedQuery).data?.cache.sold_out ?? 0;
  const columns: Column<ShortSku>[] = [
    { name: overview.product, cell: (row) => <Named {...row} /> },
    { name: overview.times, end: true, cell: ({ times }) => number(times) },
    { name: overview.wanted, end: true, cell: ({ units }) => number(units) },
  ];
  return (
    <section className={styles.list} aria-labelledby="short">
      <h2 id="short">{overview.short}</h2>
      <Answer query={rejections} away={overview.away}>
        {({ items }) =>
          items.length > 0 ? (
            <Table caption={overview.short} columns={columns} rows={items} keyOf={({ sku }) => sku} />
          ) : (
            <p className={form.empty}>{overview.nothingShort}</p>
          )
        }
      </Answer>
      {refused > 0 && <p className={form.quiet}>{overview.refusedAtOnce(refused)}</p>}
    </section>
  );
}

function Named({ sku, name, slug }: { sku: string; name: string | null; slug: string | null }) {
  return (
    <>
      {slug ? <Link to={`/admin/products/${slug}`}>{name ?? sku}</Link> : (name ?? sku)} <small>{sku}</small>
    </>
  );
}
