import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from "lucide-react";
import type { ReactNode, Ref } from "react";
import { useTexts } from "@/texts";
import { Button } from "./Button";
import { classes } from "./classes";
import styles from "./Notice.module.css";

type Kind = "info" | "good" | "warning" | "error";
const ICONS = { info: Info, good: CircleCheck, warning: TriangleAlert, error: CircleAlert };

interface NoticeProps {
  kind: Kind;
  title?: string;
  children?: ReactNode;
  /** Shown as a button. */
  onRetry?: () => void;
  onDismiss?: () => void;
  ref?: Ref<HTMLDivElement>;
}

/** Says something in plain words, to the eye and to screen readers. */
export function Notice({ kind, title, children, onRetry, onDismiss, ref }: NoticeProps) {
  const texts = useTexts();
  const Icon = ICONS[kind];
  return (
    <div
      ref={ref}
      className={classes(styles.notice, styles[kind])}
      role={kind === "error" ? "alert" : "status"}
    >
      <Icon aria-hidden size={22} className={styles.icon} />
      <div className={styles.words}>
        {title && <strong>{title}</strong>}
        {children && <div>{children}</div>}
        {onRetry && (
          <Button className={styles.retry} onClick={onRetry}>
            {texts.trouble.retry}
          </Button>
        )}
      </div>
      {onDismiss && (
        <Button look="quiet" aria-label={texts.trouble.dismiss} onClick={onDismiss}>
          <X aria-hidden size={18} />
        </Button>
      )}
    </div>
  );
}
