import { Link } from "react-router";
import { useIsAdmin } from "@/session/useUser";
import { useTexts } from "@/texts";
import { Choices } from "./Choices";
import styles from "./Footer.module.css";

export function Footer() {
  const texts = useTexts();
  const isAdmin = useIsAdmin();
  return (
    <footer className={styles.footer}>
      <div className={styles.inner}>
        <div className={styles.words}>
          <strong className={styles.name}>{texts.shop.name}</strong>
          <p>{texts.shop.footer}</p>
        </div>
        <nav className={styles.links} aria-label={texts.shop.name}>
          <Link to="/orders">{texts.order.list}</Link>
          <a href="/docs">{texts.shop.docs}</a>
          {isAdmin && <Link to="/admin">{texts.shop.admin}</Link>}
        </nav>
        <Choices />
      </div>
    </footer>
  );
}
