import { createBrowserRouter } from "react-router";
import { Broken } from "./layout/Broken";
import { Opening } from "./layout/Opening";
import { Shell } from "./layout/Shell";
import * as ahead from "./pages/ahead";

/**
 * Every page, loaded when it is first opened. The front answers these routes, and only these, with 200:
 * `PAGES` in `src/markethall/front/storefront_pages.py`.
 */
export function createShopRouter() {
  return createBrowserRouter([
    {
      element: <Shell />,
      errorElement: <Broken />,
      hydrateFallbackElement: <Opening />,
      children: [
        { index: true, loader: ahead.home, lazy: () => import("./pages/home/HomePage") },
        { path: "categories/:slug", loader: ahead.list, lazy: () => import("./pages/list/CategoryPage") },
        { path: "search", loader: ahead.list, lazy: () => import("./pages/list/SearchPage") },
        { path: "products/:slug", loader: ahead.product, lazy: () => import("./pages/product/ProductPage") },
        { path: "cart", lazy: () => import("./pages/cart/CartPage") },
        { path: "checkout", lazy: () => import("./pages/checkout/CheckoutPage") },
        { path: "orders", lazy: () => import("./pages/order/OrdersPage") },
        { path: "orders/:id", lazy: () => import("./pages/order/OrderPage") },
        { path: "sign-in", lazy: () => import("./pages/account/SignInPage") },
        { path: "register", lazy: () => import("./pages/account/RegisterPage") },
        { path: "account", lazy: () => import("./pages/account/AccountPage") },
        { path: "*", lazy: () => import("./pages/NotFoundPage") },
      ],
    },
    {
      // Its pages are described in the shopkeeper's own part, which is loaded apart.
      path: "/admin/*",
      errorElement: <Broken />,
      hydrateFallbackElement: <Opening />,
      lazy: () => import("./admin/AdminShell"),
    },
  ]);
}
