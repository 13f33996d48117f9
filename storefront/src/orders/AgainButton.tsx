import { useState } from "react";
import type { Order } from "@/api/client";
import { isProblem } from "@/api/problems";
import { openDrawer } from "@/cart/drawer";
import { useCartChange } from "@/cart/useCart";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { wordsFor } from "@/ui/Trouble";

/** Puts all lines of an order into the cart again; says which are no longer sold. */
export function AgainButton({ order }: { order: Order }) {
  const { texts } = useSpeech();
  const change = useCartChange();
  const [gone, setGone] = useState<string[]>([]);
  const [trouble, setTrouble] = useState<unknown>(null);
  const [isPutting, setPutting] = useState(false);

  async function putAll() {
    setPutting(true);
    setTrouble(null);
    const missing: string[] = [];
    try {
      for (const { sku, name, quantity } of order.lines) {
        try {
          await change.mutateAsync({ sku, to: (there) => Math.max(there, quantity) });
        } catch (error) {
          if (!isProblem(error, "unknown_sku")) throw error;
          missing.push(name);
        }
      }
      if (missing.length < order.lines.length) openDrawer();
    } catch (error) {
      setTrouble(error);
    } finally {
      setGone(missing);
      setPutting(false);
    }
  }

  return (
    <>
      <Button look="main" disabled={isPutting} onClick={() => void putAll()}>
        {texts.order.again}
      </Button>
      {gone.length > 0 && <Notice kind="warning">{texts.order.gone(gone.join(", "))}</Notice>}
      {trouble !== null && <Notice kind="warning">{wordsFor(trouble, texts, texts.cart.away)}</Notice>}
    </>
  );
}
