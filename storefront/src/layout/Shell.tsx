import { Outlet, ScrollRestoration, useNavigation } from "react-router";
import { useShowsOldProducts } from "@/queries";
import { useTexts } from "@/texts";
import { Notice } from "@/ui/Notice";
import { Footer } from "./Footer";
import { Header } from "./Header";
import { PLACES, placeOf, useLatePlace } from "./places";
import styles from "./Shell.module.css";

/** What is around every page of the buyers. */
export function Shell() {
  const texts = useTexts();
  const isOld = useShowsOldProducts();
  useLatePlace();
  const isMoving = useNavigation().state !== "idle";
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {texts.shop.skip}
      </a>
      <div className={styles.progress} data-moving={isMoving} aria-hidden />
      <Header />
      <main id="content" className={styles.content} tabIndex={-1}>
        {isOld && (
          <div className={styles.strip}>
            <Notice kind="warning">{texts.trouble.old}</Notice>
          </div>
        )}
        <Outlet />
      </main>
      <Footer />
      <ScrollRestoration getKey={placeOf} storageKey={PLACES} />
    </div>
  );
}
