import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { answered, api, type Schemas } from "@/api/client";
import { currentUser, userHasChanged } from "@/session/session";
import { given } from "../url";

export type Customer = Schemas["UserView"];
const PAGE = 25;

export const customersQuery = (text: string, cursor: string) =>
  queryOptions({
    queryKey: ["admin", "customers", text, cursor],
    queryFn: ({ signal }) =>
      answered(
        api.GET("/api/users", {
          params: { query: given({ query: text, limit: PAGE, cursor }) },
          signal,
        }),
      ),
  });

export function useSetRoles() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, isAdmin }: { id: string; isAdmin: boolean }) =>
      answered(
        api.PATCH("/api/users/{user_id}", {
          params: { path: { user_id: id } },
          body: { roles: isAdmin ? ["admin"] : [] },
        }),
      ),
    onSuccess: (user) => {
      if (user.id === currentUser()?.id) userHasChanged(user);
      return queries.invalidateQueries({ queryKey: ["admin", "customers"] });
    },
  });
}
