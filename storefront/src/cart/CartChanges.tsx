import type { Cart } from "@/api/client";
import { useSpeech } from "@/texts";
import { Notice } from "@/ui/Notice";
import { type CartChange, useCartChanges } from "./changes";

export function CartChanges({ cart }: { cart: Cart }) {
  const { texts, money } = useSpeech();
  const { changes, read } = useCartChanges(cart);
  if (changes.length === 0) return null;

  function words({ kind, name, before, now, left }: CartChange): string {
    if (kind === "dearer") return texts.cart.dearer(name, money(before), money(now));
    if (kind === "cheaper") return texts.cart.cheaper(name, money(before), money(now));
    return kind === "sold-out" ? texts.cart.nowSoldOut(name) : texts.cart.fewer(name, left);
  }

  return (
    <Notice kind="warning" title={texts.cart.changed} onDismiss={read}>
      <ul>
        {changes.map((change) => (
          <li key={`${change.sku} ${change.kind}`}>{words(change)}</li>
        ))}
      </ul>
    </Notice>
  );
}
