import { useSpeech } from "@/texts";
import styles from "./Availability.module.css";

const FEW = 5;

/** What is left just now, told again when it changes. */
export function Availability({ available }: { available: number | null | undefined }) {
  const { product } = useSpeech().texts;
  const state = available == null ? "unknown" : available === 0 ? "none" : available <= FEW ? "few" : "many";
  const words = {
    unknown: product.unknown,
    none: product.soldOut,
    few: product.few(available ?? 0),
    many: product.many(available ?? 0),
  }[state];
  return (
    <p className={styles.availability} data-state={state} role="status" title={product.live}>
      <span className={styles.lamp} aria-hidden />
      {words}
    </p>
  );
}
