import { Outlet, ScrollRestoration, useNavigation } from "react-router";
import { useTexts } from "@/texts";
import { Footer } from "./Footer";
import { Header } from "./Header";
import styles from "./Shell.module.css";

/** What is around every page of the buyers. */
export function Shell() {
  const texts = useTexts();
  const isMoving = useNavigation().state !== "idle";
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        {texts.shop.skip}
      </a>
      <div className={styles.progress} data-moving={isMoving} aria-hidden />
      <Header />
      <main id="content" className={styles.content} tabIndex={-1}>
        <Outlet />
      </main>
      <Footer />
      <ScrollRestoration />
    </div>
  );
}
