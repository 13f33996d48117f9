import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { Link } from "react-router";
import type { Cart, CartLine } from "@/api/client";
import { isProblem } from "@/api/problems";
import { productQuery } from "@/catalog/queries";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Picture } from "@/ui/Picture";
import { Stepper } from "@/ui/Stepper";
import { wordsFor } from "@/ui/Trouble";
import styles from "./CartLines.module.css";
import { MOST_OF_ONE, useCartChange } from "./useCart";

export function CartLines({ cart, onLeave }: { cart: Cart; onLeave?: () => void }) {
  const { texts } = useSpeech();
  const change = useCartChange();
  return (
    <div className={styles.lines}>
      {change.error && (
        <Notice kind="warning" title={texts.cart.notChanged} onDismiss={change.reset}>
          {wordsFor(change.error, texts, texts.cart.away)}
        </Notice>
      )}
      <ul>
        {cart.lines.map((line) => (
          <Line
            key={line.sku}
            line={line}
            onLeave={onLeave}
            onChange={(quantity) => change.mutate({ sku: line.sku, to: () => quantity })}
          />
        ))}
      </ul>
    </div>
  );
}

/** A picture does not change so often that each look at the cart asks for it anew. */
const PRODUCT_STALE_MS = 300_000;

interface LineProps {
  line: CartLine;
  onLeave: (() => void) | undefined;
  onChange: (quantity: number) => void;
}

function Line({ line, onLeave, onChange }: LineProps) {
  const { texts, money } = useSpeech();
  // The cart knows its page; the picture is the product's.
  const product = useQuery({
    ...productQuery(line.slug),
    staleTime: PRODUCT_STALE_MS,
    enabled: line.slug !== undefined, // while a shop is upgraded, an older cart does not say it
  });
  const isGone = isProblem(product.error) && product.error.status === 404;
  const choice = Object.values(line.options).join(", ");
  const name = choice ? `${line.name}, ${choice}` : line.name;
  const left = line.available;
  const isShort = left != null && left < line.quantity;
  return (
    <li className={styles.line}>
      <Picture source={product.data?.images[0]} alt="" sizes="6rem" className={styles.picture ?? ""} />
      <div className={styles.words}>
        {line.slug !== undefined && !isGone ? (
          <Link
            to={`/products/${line.slug}?sku=${encodeURIComponent(line.sku)}`}
            onClick={onLeave}
            className={styles.name}
          >
            {line.name}
          </Link>
        ) : (
          <span className={styles.name}>{line.name}</span>
        )}
        {choice && <span className={styles.choice}>{choice}</span>}
        <span className={styles.choice}>{texts.cart.each(money(line.unit_price))}</span>
        {isShort && (
          <span className={styles.short}>
            {isGone ? texts.cart.gone : left === 0 ? texts.cart.soldOut : texts.cart.onlyLeft(left)}
            {left > 0 && (
              <button type="button" className={styles.take} onClick={() => onChange(left)}>
                {texts.cart.takeLeft(left)}
              </button>
            )}
          </span>
        )}
      </div>
      <strong className={styles.total}>{money(line.line_total)}</strong>
      <div className={styles.tools}>
        <Stepper
          value={line.quantity}
          max={MOST_OF_ONE}
          label={texts.cart.quantityOf(name)}
          onChange={onChange}
        />
        <Button look="quiet" aria-label={texts.cart.remove(name)} onClick={() => onChange(0)}>
          <Trash2 aria-hidden size={19} />
        </Button>
      </div>
    </li>
  );
}
