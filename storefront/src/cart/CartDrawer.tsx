import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useSpeech } from "@/texts";
import { ButtonLink, buttonClass } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import { CartChanges } from "./CartChanges";
import styles from "./CartDrawer.module.css";
import { CartLines } from "./CartLines";
import { useDrawer } from "./drawer";
import { useCart } from "./useCart";

/** What slides in beside the page. */
export default function CartDrawer() {
  const { texts } = useSpeech();
  const [isOpen, setOpen] = useDrawer();
  return (
    <Dialog.Root open={isOpen} onOpenChange={setOpen}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.backdrop ?? ""} />
        <Dialog.Popup className={styles.popup ?? ""}>
          <div className={styles.head}>
            <Dialog.Title className={styles.title ?? ""}>{texts.cart.title}</Dialog.Title>
            <Dialog.Close className={buttonClass("quiet")} aria-label={texts.cart.close}>
              <X aria-hidden size={22} />
            </Dialog.Close>
          </div>
          {isOpen && <Inside close={() => setOpen(false)} />}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Inside({ close }: { close: () => void }) {
  const { texts, money } = useSpeech();
  const cart = useCart({ live: true });
  const problem = useTrouble(cart);
  if (cart.data === undefined) {
    if (problem)
      return <Trouble error={problem} onRetry={() => void cart.refetch()} away={texts.cart.away} />;
    return <Skeleton height="8rem" />;
  }
  if (cart.data === null || cart.data.lines.length === 0) {
    return (
      <div className={styles.empty}>
        <p>{texts.cart.empty}</p>
        <ButtonLink look="main" to="/search" onClick={close}>
          {texts.cart.look}
        </ButtonLink>
      </div>
    );
  }
  return (
    <>
      <div className={styles.scroll}>
        {problem && <Trouble error={problem} onRetry={() => void cart.refetch()} away={texts.cart.away} />}
        <CartChanges cart={cart.data} />
        <CartLines cart={cart.data} onLeave={close} />
      </div>
      <div className={styles.foot}>
        <p className={styles.total}>
          <span>{texts.cart.total}</span>
          <strong>{money(cart.data.total)}</strong>
        </p>
        <ButtonLink look="main" wide to="/checkout" onClick={close}>
          {texts.cart.checkout}
        </ButtonLink>
        <ButtonLink wide to="/cart" onClick={close}>
          {texts.cart.toCart}
        </ButtonLink>
      </div>
    </>
  );
}
