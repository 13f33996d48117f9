import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { adminTexts } from "./texts";

/** A page of the shopkeeper, loaded when it is first opened. */
export interface AdminPage {
  /** As React Router writes it, below `/admin`; empty: the first page. */
  path: string;
  /** In the navigation; null: reached from another page only. */
  name: ((texts: ReturnType<typeof adminTexts>) => string) | null;
  Component: LazyExoticComponent<ComponentType>;
}

/** Every page below `/admin`, in the order of the navigation. */
export const ADMIN_PAGES: AdminPage[] = [
  {
    path: "",
    name: (texts) => texts.overview.title,
    Component: lazy(() => import("./overview/OverviewPage")),
  },
];
