import { Link, useLocation } from "react-router";
import { buttonClass } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import styles from "./Pager.module.css";

/** On to the next page of a list, and back to its start. The browser's Back leads to the page before. */
export function Pager({ next }: { next: string | null }) {
  const { common } = useAdminTexts();
  const { search } = useLocation();
  const isFirst = !new URLSearchParams(search).has("cursor");
  if (isFirst && next === null) return null;
  return (
    <nav className={styles.pager} aria-label={common.pages}>
      {!isFirst && (
        <Link className={buttonClass("plain")} to={{ search: withCursor(search, null) }}>
          {common.toStart}
        </Link>
      )}
      {next !== null && (
        <Link className={buttonClass("plain")} to={{ search: withCursor(search, next) }}>
          {common.next}
        </Link>
      )}
    </nav>
  );
}

function withCursor(search: string, cursor: string | null): string {
  const params = new URLSearchParams(search);
  if (cursor === null) params.delete("cursor");
  else params.set("cursor", cursor);
  return params.toString();
}
