import {
  Boxes,
  ChartColumn,
  ClipboardList,
  FolderTree,
  type LucideIcon,
  Network,
  Tag,
  UsersRound,
} from "lucide-react";
import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import type { AdminTexts } from "./texts";

/** A page of the shopkeeper, loaded when it is first opened. */
export interface AdminPage {
  /** As React Router writes it, below `/admin`; empty: the first page. */
  path: string;
  /** In the navigation; null: reached from another page only. */
  entry: { name: (texts: AdminTexts) => string; Icon: LucideIcon } | null;
  Component: LazyExoticComponent<ComponentType>;
}

/** Every page below `/admin`, in the order of the navigation. */
export const ADMIN_PAGES: AdminPage[] = [
  {
    path: "",
    entry: { name: (texts) => texts.overview.title, Icon: ChartColumn },
    Component: lazy(() => import("./overview/OverviewPage")),
  },
  {
    path: "orders",
    entry: { name: (texts) => texts.orders.title, Icon: ClipboardList },
    Component: lazy(() => import("./orders/OrdersPage")),
  },
  { path: "orders/:id", entry: null, Component: lazy(() => import("./orders/OrderPage")) },
  {
    path: "products",
    entry: { name: (texts) => texts.products.title, Icon: Tag },
    Component: lazy(() => import("./products/ProductsPage")),
  },
  { path: "products/new", entry: null, Component: lazy(() => import("./products/NewProductPage")) },
  { path: "import", entry: null, Component: lazy(() => import("./import/ImportPage")) },
  { path: "products/:slug", entry: null, Component: lazy(() => import("./products/ProductPage")) },
  {
    path: "categories",
    entry: { name: (texts) => texts.categories.title, Icon: FolderTree },
    Component: lazy(() => import("./categories/CategoriesPage")),
  },
  {
    path: "stock",
    entry: { name: (texts) => texts.stock.title, Icon: Boxes },
    Component: lazy(() => import("./stock/StockPage")),
  },
  { path: "stock/:sku", entry: null, Component: lazy(() => import("./stock/SkuPage")) },
  {
    path: "customers",
    entry: { name: (texts) => texts.customers.title, Icon: UsersRound },
    Component: lazy(() => import("./customers/CustomersPage")),
  },
  {
    path: "system",
    entry: { name: (texts) => texts.system.title, Icon: Network },
    Component: lazy(() => import("./system/SystemPage")),
  },
];
