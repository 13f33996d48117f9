import type { Order } from "@/api/client";
import { useSpeech } from "@/texts";
import styles from "./OrderLines.module.css";

/** As bought: names and prices do not follow the shop. */
export function OrderLines({ lines }: { lines: Order["lines"] }) {
  const { number, money } = useSpeech();
  return (
    <ul className={styles.lines}>
      {lines.map((line) => (
        <li key={line.sku}>
          <span className={styles.quantity}>{number(line.quantity)} ×</span>
          <span>
            <strong>{line.name}</strong>
            <span className={styles.choice}>{Object.values(line.options).join(", ")}</span>
          </span>
          <span className={styles.price}>{money(line.line_total)}</span>
        </li>
      ))}
    </ul>
  );
}
