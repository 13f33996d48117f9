import { useEffect, useRef } from "react";
import { NavLink, useLocation } from "react-router";
import { useTexts } from "@/texts";
import styles from "./AdminNavigation.module.css";
import { ADMIN_PAGES } from "./pages";
import { useAdminTexts } from "./texts";

export function AdminNavigation() {
  const texts = useAdminTexts();
  const { shop } = useTexts();
  const { pathname } = useLocation();
  const navigation = useRef<HTMLElement>(null);
  // Where there is little room, it is a strip that shows a part.
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each page anew
  useEffect(() => {
    const strip = navigation.current;
    const here = strip?.querySelector<HTMLElement>("[aria-current=page]");
    if (strip && here) strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }, [pathname]);
  return (
    <nav ref={navigation} className={styles.navigation} aria-label={shop.admin}>
      <ul>
        {ADMIN_PAGES.flatMap(({ path, entry }) =>
          entry === null
            ? []
            : [
                <li key={path}>
                  <NavLink end={path === ""} to={path ? `/admin/${path}` : "/admin"}>
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
