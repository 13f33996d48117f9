import { gzipSync } from "node:zlib";
import type { Plugin, Rollup } from "vite";

/** What a buyer's browser may have to load of JavaScript before the first page works, gzipped. */
const BUDGET_BYTES = 170_000;
/** The shopkeeper's part is not among the buyers' pages. */
const APART = /\/src\/admin\//;
/** Names every page. */
const ROUTES = /\/src\/router\.tsx$/;

/** Fails the build where any page of the shop, opened first, loads more than the budget; prints what each loads. */
export function withinBudget(): Plugin {
  return {
    name: "within-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = new Map(
        Object.values(bundle).flatMap((file) => (file.type === "chunk" ? [[file.fileName, file]] : [])),
      );
      const entry = [...chunks.values()].find((chunk) => chunk.isEntry);
      if (!entry) this.error("there is no entry");
      // What a page opens later, such as a drawer, is not among what is loaded first.
      const routes = [...this.getModuleIds()].filter((id) => ROUTES.test(id));
      const opened = new Set(routes.flatMap((id) => this.getModuleInfo(id)?.dynamicallyImportedIds ?? []));
      const pages = [...chunks.values()].filter(
        ({ facadeModuleId: id }) => id !== null && opened.has(id) && !APART.test(id),
      );
      const loads = pages.map((page) => ({ name: page.name, bytes: gzipped(chunks, [entry, page]) }));
      loads.sort((one, other) => other.bytes - one.bytes);
      for (const { name, bytes } of loads)
        this.info(`first load of ${name}: ${(bytes / 1000).toFixed(1)} kB of JavaScript, gzipped`);
      const over = loads.filter(({ bytes }) => bytes > BUDGET_BYTES);
      if (loads.length === 0) this.error("there is no page");
      if (over.length > 0)
        this.error(`over ${BUDGET_BYTES / 1000} kB: ${over.map(({ name }) => name).join(", ")}`);
    },
  };
}

/** Of these chunks and all that they import at once. */
function gzipped(chunks: Map<string, Rollup.OutputChunk>, roots: Rollup.OutputChunk[]): number {
  const wanted = new Set<Rollup.OutputChunk>();
  const add = (chunk: Rollup.OutputChunk | undefined): void => {
    if (!chunk || wanted.has(chunk)) return;
    wanted.add(chunk);
    for (const name of chunk.imports) add(chunks.get(name));
  };
  for (const root of roots) add(root);
  return [...wanted].reduce((sum, chunk) => sum + gzipSync(chunk.code, { level: 9 }).length, 0);
}
