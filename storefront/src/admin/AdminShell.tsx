import { useEffect } from "react";
import { Link, ScrollRestoration } from "react-router";
import { Footer } from "@/layout/Footer";
import { ensureFresh } from "@/session/session";
import { useIsAdmin, useUser } from "@/session/useUser";
import { useTexts } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { AdminHeader } from "./AdminHeader";
import { AdminNavigation } from "./AdminNavigation";
import { AdminPages } from "./AdminPages";
import styles from "./AdminShell.module.css";

/** What is around every page of the shopkeeper. Whoever lacks the role sees why there is nothing: the API guards itself. */
export function Component() {
  const { shop } = useTexts();
  const isAdmin = useIsAdmin();
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {shop.skip}
      </a>
      <AdminHeader />
      {isAdmin ? (
        <div className={styles.columns}>
          <AdminNavigation />
          <main id="content" className={styles.content} tabIndex={-1}>
            <AdminPages />
          </main>
        </div>
      ) : (
        <Refusal />
      )}
      <Footer />
      <ScrollRestoration />
    </div>
  );
}

function Refusal() {
  const texts = useTexts();
  const user = useUser();
  useEffect(() => {
    // The role may have been given since: it counts once the session is renewed. While accounts is away all stays as it is.
    ensureFresh({ whatever: true }).catch(() => undefined);
  }, []);
  return (
    <main id="content" className={styles.content} tabIndex={-1}>
      <Page title={texts.shop.admin} narrow>
        <h1>{texts.admin.needed}</h1>
        <p>{texts.admin.neededText}</p>
        {user === null && (
          <div>
            <ButtonLink look="main" to="/sign-in?next=/admin">
              {texts.account.signIn}
            </ButtonLink>
          </div>
        )}
        <Link to="/">{texts.trouble.toHome}</Link>
      </Page>
    </main>
  );
}
