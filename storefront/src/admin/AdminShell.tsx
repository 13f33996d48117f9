import { Link, Outlet, ScrollRestoration } from "react-router";
import { Footer } from "@/layout/Footer";
import { Header } from "@/layout/Header";
import { useIsAdmin } from "@/session/useUser";
import { useTexts } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { AdminNavigation } from "./AdminNavigation";
import styles from "./AdminShell.module.css";

/** What is around every page of the shopkeeper. Whoever lacks the role sees why there is nothing: the API guards itself. */
export function Component() {
  const texts = useTexts();
  const isAdmin = useIsAdmin();
  return (
    <div className={styles.shell}>
      <Header />
      {isAdmin ? (
        <div className={styles.columns}>
          <AdminNavigation />
          <main id="content" className={styles.content} tabIndex={-1}>
            <Outlet />
          </main>
        </div>
      ) : (
        <main id="content" className={styles.content}>
          <Page title={texts.shop.admin} narrow>
            <h1>{texts.admin.needed}</h1>
            <p>{texts.admin.neededText}</p>
            <div>
              <ButtonLink look="main" to="/sign-in?next=/admin">
                {texts.account.signIn}
              </ButtonLink>
            </div>
            <Link to="/">{texts.trouble.toHome}</Link>
          </Page>
        </main>
      )}
      <Footer />
      <ScrollRestoration />
    </div>
  );
}
