import type { Plugin } from "vite";
import { en } from "../src/texts/en.ts";

/** For whoever reads the page without its scripts, such as search engines: what the shop says of itself, in English. */
export function described(): Plugin {
  return {
    name: "described",
    transformIndexHtml: () => [
      { tag: "meta", attrs: { name: "description", content: en.catalog.helloText }, injectTo: "head" },
    ],
  };
}
