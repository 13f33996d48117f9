import { type ReactNode, useEffect } from "react";
import { useTexts } from "@/texts";
import { classes } from "./classes";
import styles from "./Page.module.css";

interface PageProps {
  /** Of the window; the shop's name is added. */
  title: string | null;
  narrow?: boolean;
  children: ReactNode;
}

export function Page({ title, narrow, children }: PageProps) {
  const { shop } = useTexts();
  useEffect(() => {
    document.title = title ? `${title} – ${shop.name}` : shop.name;
  }, [title, shop.name]);
  return <div className={classes(styles.page, narrow && styles.narrow)}>{children}</div>;
}
