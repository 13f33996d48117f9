import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const TEXT = /\.(html|js|css|svg|txt|webmanifest)$/;
const SMALLEST_BYTES = 512;

/** Puts `.gz` and `.br` beside each file of text, where they are smaller: a front compresses nothing itself. */
export function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
      if (config.build.outDir.startsWith("/")) folder = config.build.outDir;
    },
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((entry) => entry.isFile() && TEXT.test(entry.name))) {
        const path = join(entry.parentPath, entry.name);
        const plain = await readFile(path);
        if (plain.length < SMALLEST_BYTES) continue;
        await writeFile(`${path}.gz`, gzipSync(plain, { level: 9 }));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        await writeFile(`${path}.br`, brotliCompressSync(plain, { params: quality }));
      }
    },
  };
}
