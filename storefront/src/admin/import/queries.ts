import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Schemas } from "@/api/client";

export type Report = Schemas["ImportReport"];
export type Line = Schemas["LineError"];
export type Product = Schemas["ImportedProduct"];

/**
 * Looks at a file first; `isDry` false takes it. The same file again changes nothing. It goes as the bytes that it is:
 * read as text it would lose its mark, and what is no UTF-8 would pass as question marks.
 */
export function useImport() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ csv, isDry }: { csv: ArrayBuffer; isDry: boolean }) =>
      answered(
        api.POST("/api/imports/products", {
          params: { query: { dry_run: isDry } },
          body: csv as unknown as string,
          bodySerializer: (body) => body,
          headers: { "Content-Type": "text/csv" },
        }),
      ),
    onSuccess: ({ applied }) => {
      if (!applied) return;
      for (const queryKey of [["admin"], ["products"], ["categories"]])
        void queries.invalidateQueries({ queryKey });
    },
  });
}
