import { CartChanges } from "@/cart/CartChanges";
import { CartLines } from "@/cart/CartLines";
import { useCart } from "@/cart/useCart";
import { useSpeech } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import styles from "./CartPage.module.css";

export function Component() {
  const { texts, money } = useSpeech();
  const cart = useCart({ live: true });
  const problem = useTrouble(cart);
  const filled = cart.data && cart.data.lines.length > 0 ? cart.data : null;
  return (
    <Page title={texts.cart.title}>
      <h1>{texts.cart.title}</h1>
      {problem && <Trouble error={problem} onRetry={() => void cart.refetch()} away={texts.cart.away} />}
      {cart.data === undefined && !problem && <Skeleton height="12rem" />}
      {cart.data !== undefined && !filled && (
        <div className={styles.empty}>
          <p>
            <strong>{texts.cart.empty}</strong> {texts.cart.emptyText}
          </p>
          <ButtonLink look="main" to="/search">
            {texts.cart.look}
          </ButtonLink>
        </div>
      )}
      {filled && (
        <div className={styles.columns}>
          <div className={styles.lines}>
            <CartChanges cart={filled} />
            <CartLines cart={filled} />
          </div>
          <aside className={styles.sum} aria-label={texts.cart.total}>
            <p className={styles.total}>
              <span>{texts.cart.total}</span>
              <strong>{money(filled.total)}</strong>
            </p>
            <p className={styles.note}>{texts.cart.shipping}</p>
            <ButtonLink look="main" wide to="/checkout">
              {texts.cart.checkout}
            </ButtonLink>
          </aside>
        </div>
      )}
    </Page>
  );
}
