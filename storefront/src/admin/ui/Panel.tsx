import { type ReactNode, useId } from "react";
import { classes } from "@/ui/classes";
import styles from "./Panel.module.css";

interface PanelProps {
  title?: ReactNode;
  /** Beside the title. */
  aside?: ReactNode;
  className?: string | undefined;
  children: ReactNode;
}

/** A card with what belongs together. */
export function Panel({ title, aside, className, children }: PanelProps) {
  const id = useId();
  return (
    <section className={classes(styles.panel, className)} {...(title && { "aria-labelledby": id })}>
      {title && (
        <div className={styles.head}>
          <h2 id={id} className={styles.title}>
            {title}
          </h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}
