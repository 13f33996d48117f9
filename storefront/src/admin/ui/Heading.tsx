import { ChevronLeft } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import styles from "./Heading.module.css";

interface HeadingProps {
  title: ReactNode;
  /** Where it belongs to. */
  back?: { to: string; name: string };
  /** Beside the title: what can be done here. */
  children?: ReactNode;
}

export function Heading({ title, back, children }: HeadingProps) {
  return (
    <div className={styles.heading}>
      <div className={styles.words}>
        {back && (
          <Link to={back.to} className={styles.back}>
            <ChevronLeft aria-hidden size={16} />
            {back.name}
          </Link>
        )}
        <h1 className={styles.title}>{title}</h1>
      </div>
      {children && <div className={styles.actions}>{children}</div>}
    </div>
  );
}
