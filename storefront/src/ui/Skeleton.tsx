import styles from "./Skeleton.module.css";

/** Keeps the room for something that is on its way. */
export function Skeleton({ height, width = "100%" }: { height: string; width?: string }) {
  return <span aria-hidden className={styles.skeleton} style={{ height, width }} />;
}
