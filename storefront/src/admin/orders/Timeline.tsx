import type { Schemas } from "@/api/client";
import { useSpeech } from "@/texts";
import { useAdminTexts } from "../texts";
import styles from "./Timeline.module.css";

/** The facts that an order's status follows from. */
export function Timeline({ entries }: { entries: Schemas["TimelineEntry"][] }) {
  const { orders } = useAdminTexts();
  const { dateTime, number } = useSpeech();
  return (
    <ol className={styles.timeline}>
      {entries.map((entry) => (
        <li key={`${entry.fact} ${entry.at}`} data-fact={entry.fact}>
          <strong>{orders.facts[entry.fact]}</strong>
          <span className={styles.when}>
            {dateTime(entry.at)} · {orders.by[entry.by]}
          </span>
          {entry.shortages?.map(({ sku, requested, available }) => (
            <span key={sku} className={styles.short}>
              {orders.short(sku, number(requested), number(available))}
            </span>
          ))}
        </li>
      ))}
    </ol>
  );
}
