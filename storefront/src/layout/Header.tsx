import { Link } from "react-router";
import { CartButton } from "@/cart/CartButton";
import { useTexts } from "@/texts";
import { AccountLink } from "./AccountLink";
import styles from "./Header.module.css";
import { Search } from "./Search";

export function Header() {
  const texts = useTexts();
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        <Link to="/" className={styles.name} aria-label={`${texts.shop.name}: ${texts.shop.home}`}>
          <img src="/favicon.svg" width={38} height={38} alt="" />
          <span>{texts.shop.name}</span>
        </Link>
        <Search />
        <div className={styles.tools}>
          <AccountLink />
          <CartButton />
        </div>
      </div>
      <div className={styles.shade} aria-hidden>
        <div className={styles.awning} />
      </div>
    </header>
  );
}
