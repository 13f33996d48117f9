import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useNavigate } from "react-router";
import type { Cart } from "@/api/client";
import { isProblem, type Problem } from "@/api/problems";
import { CartChanges } from "@/cart/CartChanges";
import { useCart } from "@/cart/useCart";
import { type Attempt, begin, currentAttempt, place, subscribeToAttempt } from "@/checkout/attempt";
import { addressOf, type Delivery } from "@/checkout/form";
import { orderKey } from "@/orders/queries";
import { rememberOrder } from "@/orders/remembered";
import { AGAIN_MS } from "@/queries";
import { useUser } from "@/session/useUser";
import { useSpeech } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import styles from "./CheckoutPage.module.css";
import { DeliveryForm } from "./DeliveryForm";
import { Refusal } from "./Refusal";
import { Summary } from "./Summary";

/** Everything on one page. An order that is under way is taken up again, also after a reload. */
export function Component() {
  const { texts } = useSpeech();
  const user = useUser();
  const cart = useCart({ live: true });
  const attempt = useSyncExternalStore(subscribeToAttempt, currentAttempt);
  const problem = useTrouble(cart);
  const { refused, trouble, isPlacing, send } = usePlacing();

  // Taken up where a reload, or a lost connection, left it.
  useEffect(() => {
    if (attempt && !isPlacing && !trouble) void send(attempt);
  }, [attempt, isPlacing, trouble, send]);

  const isBusy = attempt !== null || isPlacing;
  const filled = cart.data && cart.data.lines.length > 0 ? cart.data : null;
  return (
    <Page title={texts.checkout.title}>
      <h1>{texts.checkout.title}</h1>
      {attempt && trouble && (
        <Notice kind="warning" title={texts.checkout.unknown} onRetry={() => void send(attempt)}>
          <p>{texts.checkout.unknownText}</p>
          <p>{texts.trouble.again}</p>
        </Notice>
      )}
      {isBusy && !trouble && (
        <Notice kind="info" title={texts.checkout.placing}>
          {texts.checkout.placingText}
        </Notice>
      )}
      {!isBusy && refused && <Refusal problem={refused} cart={filled} />}
      {problem && <Trouble error={problem} onRetry={() => void cart.refetch()} away={texts.cart.away} />}
      {!isBusy && cart.data === undefined && !problem && <Skeleton height="20rem" />}
      {!isBusy && cart.data !== undefined && !filled && (
        <div className={styles.empty}>
          <p>{texts.cart.empty}</p>
          <ButtonLink look="main" to="/search">
            {texts.cart.look}
          </ButtonLink>
          <ButtonLink to="/orders">{texts.order.list}</ButtonLink>
        </div>
      )}
      {filled && (
        <div className={styles.columns}>
          <div className={styles.main}>
            {!isBusy && <CartChanges cart={filled} />}
            <DeliveryForm
              user={user}
              isPlacing={isBusy}
              problem={refused}
              onSubmit={(typed) => {
                // A second click finds the first one's.
                if (!currentAttempt()) void send(begin(requestOf(filled, typed), user?.id ?? null));
              }}
            />
          </div>
          <Summary cart={filled} isPlacing={isBusy} />
        </div>
      )}
    </Page>
  );
}

function requestOf(cart: Cart, typed: Delivery) {
  return { cart_id: cart.id, ...addressOf(typed), expected_total: cart.total };
}

/** Places attempts; leads to the order when there is one. While the shop does not answer, tries go on. */
function usePlacing() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [isPlacing, setPlacing] = useState(false);
  const [trouble, setTrouble] = useState<Problem | null>(null);
  const [refused, setRefused] = useState<Problem | null>(null);

  const send = useCallback(
    async (attempt: Attempt) => {
      setPlacing(true);
      setTrouble(null);
      setRefused(null);
      try {
        const outcome = await place(attempt);
        if (outcome.kind === "order") {
          if (outcome.order) client.setQueryData(orderKey(outcome.orderId), outcome.order);
          if (attempt.userId === null) rememberOrder(outcome.orderId);
          void client.invalidateQueries({ queryKey: ["cart"] });
          void client.invalidateQueries({ queryKey: ["orders"] });
          await navigate(`/orders/${outcome.orderId}`, { replace: true });
        } else {
          await client.invalidateQueries({ queryKey: ["cart"] });
          setRefused(outcome.problem);
        }
      } catch (error) {
        if (!isProblem(error)) throw error;
        setTrouble(error);
      } finally {
        setPlacing(false);
      }
    },
    [client, navigate],
  );

  useEffect(() => {
    if (!trouble) return;
    const timer = setTimeout(() => setTrouble(null), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [trouble]);

  return { refused, trouble, isPlacing, send };
}
