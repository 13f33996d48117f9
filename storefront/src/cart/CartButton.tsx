import { ShoppingBasket } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import styles from "./CartButton.module.css";
import { useDrawer } from "./drawer";
import { countOf, useCart } from "./useCart";

const load = () => import("./CartDrawer");
const CartDrawer = lazy(load);
/** Ahead of the click; what fails then is asked for again. */
const prepare = () => void load().catch(() => undefined);

/** The number of things in the cart, and the way to what slides in beside the page: that is loaded when it is first needed. */
export function CartButton() {
  const { cart: texts } = useTexts();
  const [isOpen, setOpen] = useDrawer();
  const [wasOpen, setWasOpen] = useState(false);
  if (isOpen && !wasOpen) setWasOpen(true);
  const count = countOf(useCart().data);
  return (
    <>
      <Button
        look="quiet"
        className={styles.button}
        aria-haspopup="dialog"
        aria-label={`${texts.open}: ${texts.count(count)}`}
        onPointerEnter={prepare}
        onFocus={prepare}
        onClick={() => setOpen(true)}
      >
        <ShoppingBasket aria-hidden size={24} />
        <span className={styles.count} data-empty={count === 0} aria-hidden>
          {count > 999 ? "999+" : count}
        </span>
      </Button>
      {wasOpen && (
        <Suspense>
          <CartDrawer />
        </Suspense>
      )}
    </>
  );
}
