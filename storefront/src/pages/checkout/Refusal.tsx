import type { Cart, Money, Schemas } from "@/api/client";
import type { Problem } from "@/api/problems";
import { Shortages } from "@/orders/Shortages";
import { useSpeech } from "@/texts";
import { intoSight } from "@/ui/intoSight";
import { Notice } from "@/ui/Notice";
import { wordsFor } from "@/ui/Trouble";

/** Why there is no order. Nothing was bought. */
export function Refusal({ problem, cart }: { problem: Problem; cart: Cart | null }) {
  const { texts, money } = useSpeech();
  const words = texts.checkout;
  if (problem.code === "price_changed") {
    const total = problem.document.total as Money | undefined;
    return (
      <Notice ref={intoSight} kind="warning" title={words.priceChanged}>
        {words.priceChangedText(total ? money(total) : "")}
      </Notice>
    );
  }
  if (problem.code === "out_of_stock") {
    const shortages = (problem.document.shortages ?? []) as Schemas["Shortage"][];
    const names = new Map(cart?.lines.map((line) => [line.sku, line.name]));
    return (
      <Notice ref={intoSight} kind="warning" title={words.soldOut}>
        <p>{words.nothingBought}</p>
        <Shortages shortages={shortages} names={names} />
      </Notice>
    );
  }
  if (problem.code === "invalid")
    return (
      <Notice ref={intoSight} kind="error">
        {words.fields}
      </Notice>
    );
  return (
    <Notice ref={intoSight} kind="error" title={words.refused}>
      {words.codes[problem.code as keyof typeof words.codes] ?? wordsFor(problem, texts)}
    </Notice>
  );
}
