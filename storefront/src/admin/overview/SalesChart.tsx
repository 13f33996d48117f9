import { useMemo } from "react";
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { useSpeech } from "@/texts";
import { digitsOf } from "../products/draft";
import { regionOf } from "../region";
import { useAdminTexts } from "../texts";
import styles from "./OverviewPage.module.css";
import type { SalesPoint } from "./queries";
import { useMoments } from "./useMoments";

const TICK = { fill: "var(--ink-soft)" };

/** Revenue as bars. */
export function SalesChart({ points, interval }: { points: SalesPoint[]; interval: "hour" | "day" }) {
  const { overview } = useAdminTexts();
  const { language } = useSpeech();
  const { brief, whole } = useMoments(interval);
  const currency = points[0]?.revenue.currency ?? "EUR";
  const inMoney = useCompactMoney(language, currency);
  return (
    <div className={styles.chart}>
      <ResponsiveContainer width="100%" height="100%">
        <BarChart data={points} title={overview.chart} margin={{ top: 8, right: 4, bottom: 0, left: 4 }}>
          <CartesianGrid vertical={false} stroke="var(--line)" />
          <XAxis dataKey="at" tickFormatter={brief} tick={TICK} stroke="var(--line-strong)" minTickGap={16} />
          <YAxis
            tickFormatter={inMoney}
            tick={TICK}
            stroke="var(--line-strong)"
            width={76}
            allowDecimals={false}
          />
          <Tooltip
            cursor={{ fill: "var(--shade)" }}
            isAnimationActive={false}
            content={({ active, payload }) => {
              const point = payload?.[0]?.payload as SalesPoint | undefined;
              return active && point ? <Tip point={point} when={whole(point.at)} /> : null;
            }}
          />
          <Bar
            dataKey="revenue.amount"
            name={overview.revenue}
            fill="var(--awning)"
            radius={[5, 5, 0, 0]}
            isAnimationActive={false}
          />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}

/** Of minor units, without what does not matter along an axis. */
function useCompactMoney(language: string, currency: string): (amount: number) => string {
  return useMemo(() => {
    const format = new Intl.NumberFormat(regionOf(language), {
      style: "currency",
      currency,
      notation: "compact",
      maximumFractionDigits: 1,
      minimumFractionDigits: 0,
    });
    return (amount) => format.format(amount / 10 ** digitsOf(currency));
  }, [language, currency]);
}

function Tip({ point, when }: { point: SalesPoint; when: string }) {
  const { overview } = useAdminTexts();
  const { money } = useSpeech();
  return (
    <div className={styles.tip}>
      <strong>{when}</strong>
      <div>{money(point.revenue)}</div>
      <div>{overview.sold(point.orders, point.units)}</div>
    </div>
  );
}
