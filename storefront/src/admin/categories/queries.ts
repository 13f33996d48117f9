import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Category } from "@/api/client";

export interface Wanted {
  name: string;
  parent: string | null;
  position: number;
}

const versionOf = ({ slug, version }: Category) => ({
  path: { slug },
  header: { "If-Match": `"${version}"` },
});

/** Adds a category where none is given. Throws `version_mismatch` where somebody else was faster. */
export function useSaveCategory(category: Category | null) {
  return useTreeChange((wanted: Wanted) =>
    category
      ? answered(api.PATCH("/api/categories/{slug}", { params: versionOf(category), body: wanted }))
      : answered(api.POST("/api/categories", { body: wanted })),
  );
}

export function useRemoveCategory() {
  return useTreeChange((category: Category) =>
    answered(api.DELETE("/api/categories/{slug}", { params: versionOf(category) })),
  );
}

function useTreeChange<Wanted, Done>(change: (wanted: Wanted) => Promise<Done>) {
  const queries = useQueryClient();
  return useMutation<Done, Error, Wanted>({
    mutationFn: change,
    // After a conflict, too: then what is shown is old.
    onSettled: () => queries.invalidateQueries({ queryKey: ["categories"] }),
  });
}
