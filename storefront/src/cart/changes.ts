/** What has changed about the things in a cart since they were last looked at. */
import { useEffect, useSyncExternalStore } from "react";
import type { Cart, CartLine, Money } from "@/api/client";
import { createStored } from "@/stored";

interface Seen {
  price: Money;
  /** Whether there was enough of it. */
  enough: boolean;
}

export interface CartChange {
  sku: string;
  name: string;
  kind: "dearer" | "cheaper" | "fewer" | "sold-out";
  before: Money;
  now: Money;
  left: number;
}

const seen = createStored<Record<string, Seen>>("markethall.cart.seen");

/** Until they were read. What is new in the cart counts as seen. */
export function useCartChanges(cart: Cart | null | undefined): { changes: CartChange[]; read: () => void } {
  const known = useSyncExternalStore(seen.subscribe, () => seen.get()) ?? {};
  useEffect(() => {
    if (!cart) return;
    const before = seen.get() ?? {};
    const entries = cart.lines.map((line) => [line.sku, before[line.sku] ?? sightOf(line)] as const);
    // What there is enough of again may be missed again.
    const next = Object.fromEntries(
      entries.map(([sku, sight], place) => [
        sku,
        { ...sight, enough: sight.enough || isEnough(cart.lines[place]) },
      ]),
    );
    seen.set(next);
  }, [cart]);
  return {
    changes: cart ? changesOf(cart, known) : [],
    read: () => seen.set(Object.fromEntries((cart?.lines ?? []).map((line) => [line.sku, sightOf(line)]))),
  };
}

export function changesOf(cart: Cart, known: Record<string, Seen>): CartChange[] {
  return cart.lines.flatMap((line) => {
    const before = known[line.sku];
    if (!before) return [];
    const change = {
      sku: line.sku,
      name: line.name,
      before: before.price,
      now: line.unit_price,
      left: line.available ?? 0,
    };
    const changes: CartChange[] = [];
    if (line.unit_price.amount > before.price.amount) changes.push({ ...change, kind: "dearer" });
    if (line.unit_price.amount < before.price.amount) changes.push({ ...change, kind: "cheaper" });
    if (before.enough && !isEnough(line))
      changes.push({ ...change, kind: line.available === 0 ? "sold-out" : "fewer" });
    return changes;
  });
}

const sightOf = (line: CartLine): Seen => ({ price: line.unit_price, enough: isEnough(line) });

const isEnough = (line: CartLine | undefined): boolean =>
  !line || line.available == null || line.available >= line.quantity;
