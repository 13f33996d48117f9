import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { Order } from "@/api/client";
import { isProblem } from "@/api/problems";
import { orderQuery, ordersQuery } from "@/orders/queries";
import { useRememberedOrders } from "@/orders/remembered";
import { useUser } from "@/session/useUser";
import { useSpeech } from "@/texts";
import { Button, ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import styles from "./OrdersPage.module.css";

/** The purchase history: of the account, or what a guest bought in this browser. */
export function Component() {
  const { texts } = useSpeech();
  const user = useUser();
  return (
    <Page title={texts.order.list} narrow>
      <h1>{texts.order.list}</h1>
      {user ? <OrdersOfUser userId={user.id} /> : <OrdersOfGuest />}
    </Page>
  );
}

function OrdersOfUser({ userId }: { userId: string }) {
  const { texts } = useSpeech();
  const pages = useInfiniteQuery(ordersQuery(userId));
  const problem = useTrouble(pages);
  if (!pages.data) {
    if (problem) {
      return <Trouble error={problem} onRetry={() => void pages.refetch()} away={texts.order.away} />;
    }
    return <Skeleton height="12rem" />;
  }
  const orders = pages.data.pages.flatMap((page) => page.items);
  if (orders.length === 0) return <Nothing />;
  return (
    <>
      {problem && <Trouble error={problem} onRetry={() => void pages.refetch()} away={texts.order.away} />}
      <ul className={styles.orders}>
        {orders.map((order) => (
          <OrderCard key={order.id} order={order} />
        ))}
      </ul>
      {pages.hasNextPage && (
        <Button disabled={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          {texts.order.older}
        </Button>
      )}
    </>
  );
}

function OrdersOfGuest() {
  const { texts } = useSpeech();
  const ids = useRememberedOrders();
  return (
    <>
      <p className={styles.hint}>
        {texts.order.guest} <Link to="/sign-in?next=/orders">{texts.account.signIn}</Link>
      </p>
      {ids.length === 0 && <Nothing />}
      <ul className={styles.orders}>
        {ids.map((id) => (
          <RememberedOrder key={id} id={id} />
        ))}
      </ul>
    </>
  );
}

function RememberedOrder({ id }: { id: string }) {
  const { texts } = useSpeech();
  const order = useQuery(orderQuery(id));
  const problem = useTrouble(order);
  if (order.data) return <OrderCard order={order.data} />;
  if (isProblem(problem) && problem.status === 404) return null;
  return (
    <li>
      {problem ? (
        <Trouble error={problem} onRetry={() => void order.refetch()} away={texts.order.away} />
      ) : (
        <Skeleton height="6rem" />
      )}
    </li>
  );
}

function OrderCard({ order }: { order: Order }) {
  const { texts, money, dateTime } = useSpeech();
  const names = order.lines.map(({ name, quantity }) => (quantity > 1 ? `${quantity} × ${name}` : name));
  return (
    <li className={styles.order}>
      <div className={styles.head}>
        <h2>
          <Link to={`/orders/${order.id}`}>{texts.order.number(order.number)}</Link>
        </h2>
        <span className={styles.badge} data-status={order.status}>
          {texts.order.statuses[order.status]}
        </span>
      </div>
      <p>{names.join(", ")}</p>
      <p className={styles.meta}>
        <time dateTime={order.placed_at}>{dateTime(order.placed_at)}</time> ·{" "}
        <strong>{money(order.total)}</strong>
      </p>
    </li>
  );
}

function Nothing() {
  const { texts } = useSpeech();
  return (
    <>
      <p>{texts.order.none}</p>
      <div>
        <ButtonLink look="main" to="/search">
          {texts.cart.look}
        </ButtonLink>
      </div>
    </>
  );
}
