import { Link } from "react-router";
import type { Cart } from "@/api/client";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { FORM } from "./DeliveryForm";
import styles from "./Summary.module.css";

/** What is bought, what it costs, and the button. */
export function Summary({ cart, isPlacing }: { cart: Cart; isPlacing: boolean }) {
  const { texts, money, number } = useSpeech();
  return (
    <section className={styles.summary} aria-labelledby="summary">
      <h2 id="summary">{texts.checkout.summary}</h2>
      <ul className={styles.lines}>
        {cart.lines.map((line) => (
          <li key={line.sku}>
            <span className={styles.quantity}>{number(line.quantity)} ×</span>
            <span>
              {line.name}
              <span className={styles.choice}>{Object.values(line.options).join(", ")}</span>
            </span>
            <span className={styles.price}>{money(line.line_total)}</span>
          </li>
        ))}
      </ul>
      <Link to="/cart">{texts.checkout.change}</Link>
      <p className={styles.total}>
        <span>{texts.cart.total}</span>
        <strong>{money(cart.total)}</strong>
      </p>
      <p className={styles.note}>{texts.cart.shipping}</p>
      <Button look="main" wide type="submit" form={FORM} disabled={isPlacing}>
        {isPlacing ? texts.checkout.placing : texts.checkout.buy(money(cart.total))}
      </Button>
      <p className={styles.note}>{texts.checkout.safe}</p>
    </section>
  );
}
