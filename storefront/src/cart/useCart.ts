import { useIsMutating, useMutation, useQuery } from "@tanstack/react-query";
import type { Cart } from "@/api/client";
import { queries } from "@/queries";
import { useUser } from "@/session/useUser";
import { putLine, readCart } from "./cart";

export const MOST_OF_ONE = 9_999;
/** So often an open cart looks whether prices or stock have changed. */
const LOOK_MS = 5_000;

const cartKey = (userId: string | undefined) => ["cart", userId ?? "guest"];

export function useCart({ live = false } = {}) {
  const user = useUser();
  return useQuery({
    queryKey: cartKey(user?.id),
    queryFn: ({ signal }) => readCart(signal),
    ...(live && { refetchInterval: LOOK_MS }),
  });
}

interface Change {
  sku: string;
  /** From now on; computed from the cart as it is when the change's turn comes. */
  to: (quantity: number) => number;
}

/** Changes are made one after the other, and shown at once; one that fails is taken back. */
export function useCartChange() {
  const key = cartKey(useUser()?.id);
  return useMutation({
    mutationKey: ["cart"],
    scope: { id: "cart" },
    mutationFn: ({ sku, to }: Change) => {
      const shown = queries.getQueryData<Cart | null>(key);
      const there = confirmed.get(sku) ?? shown?.lines.find((line) => line.sku === sku)?.quantity ?? 0;
      return putLine(sku, Math.min(Math.max(to(there), 0), MOST_OF_ONE));
    },
    onMutate: async ({ sku, to }) => {
      await queries.cancelQueries({ queryKey: key });
      const before = queries.getQueryData<Cart | null>(key);
      const line = before?.lines.find((line) => line.sku === sku);
      if (line) confirmed.set(sku, confirmed.get(sku) ?? line.quantity);
      if (before && line) queries.setQueryData(key, withQuantity(before, sku, to(line.quantity)));
    },
    onSuccess: (cart, { sku }) => {
      confirmed.delete(sku);
      queries.setQueryData(key, cart);
    },
    onError: (_error, { sku }) => {
      confirmed.delete(sku);
      return queries.invalidateQueries({ queryKey: key });
    },
  });
}

/** What the shop last said, of lines whose shown quantity runs ahead of it. */
const confirmed = new Map<string, number>();

export const useIsCartChanging = (): boolean => useIsMutating({ mutationKey: ["cart"] }) > 0;

export const countOf = (cart: Cart | null | undefined): number =>
  cart?.lines.reduce((sum, line) => sum + line.quantity, 0) ?? 0;

export const forgetCart = () => queries.invalidateQueries({ queryKey: ["cart"] });

function withQuantity(cart: Cart, sku: string, quantity: number): Cart {
  const lines = cart.lines
    .map((line) => {
      if (line.sku !== sku) return line;
      return {
        ...line,
        quantity,
        line_total: { ...line.line_total, amount: line.unit_price.amount * quantity },
      };
    })
    .filter((line) => line.quantity > 0);
  const amount = lines.reduce((sum, line) => sum + line.line_total.amount, 0);
  return { ...cart, lines, total: { ...cart.total, amount } };
}
