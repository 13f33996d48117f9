import { Store } from "lucide-react";
import { Link } from "react-router";
import { AccountLink } from "@/layout/AccountLink";
import { useTexts } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import styles from "./AdminHeader.module.css";
import { useAdminTexts } from "./texts";

/** Whose shop it is, and the way back to it. */
export function AdminHeader() {
  const { shop } = useTexts();
  const { common } = useAdminTexts();
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        <Link to="/admin" className={styles.name}>
          <img src="/favicon.svg" width={32} height={32} alt="" />
          <span>{shop.name}</span>
          <small>{shop.admin}</small>
        </Link>
        <div className={styles.tools}>
          <ButtonLink look="quiet" to="/" aria-label={common.toShop} title={common.toShop}>
            <Store aria-hidden size={20} />
            <span className={styles.words}>{common.toShop}</span>
          </ButtonLink>
          <AccountLink />
        </div>
      </div>
    </header>
  );
}
