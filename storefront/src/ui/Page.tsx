import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "react-router";
import { useTexts } from "@/texts";
import { arrive } from "./arrival";
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
  const { pathname } = useLocation();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    document.title = title ? `${title} – ${shop.name}` : shop.name;
  }, [title, shop.name]);
  useEffect(() => {
    if (box.current) arrive(pathname, box.current);
  });
  return (
    <div ref={box} className={classes(styles.page, narrow && styles.narrow)}>
      {children}
    </div>
  );
}
