import { NavLink } from "react-router";
import { useTexts } from "@/texts";
import styles from "./AdminNavigation.module.css";
import { ADMIN_PAGES } from "./pages";
import { useAdminTexts } from "./texts";

export function AdminNavigation() {
  const texts = useAdminTexts();
  const { shop } = useTexts();
  return (
    <nav className={styles.navigation} aria-label={shop.admin}>
      <ul>
        {ADMIN_PAGES.flatMap(({ path, entry }) =>
          entry === null
            ? []
            : [
                <li key={path}>
                  <NavLink end={path === ""} to={`/admin/${path}`}>
                    <entry.Icon aria-hidden size={19} />
                    {entry.name(texts)}
                  </NavLink>
                </li>,
              ],
        )}
      </ul>
    </nav>
  );
}
