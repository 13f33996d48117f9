import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { withinBudget } from "./building/budget.ts";
import { compressed } from "./building/compressed.ts";
import { described } from "./building/described.ts";

const shop = process.env.MARKETHALL_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), described(), withinBudget(), compressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2023",
    // Inlined files would be `data:` URLs, which the page's policy does not let in.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/media", "/docs", "/openapi.json"].map((path) => [
        path,
        { target: shop, changeOrigin: false },
      ]),
    ),
  },
});
