import { useParams } from "react-router";
import type { Order } from "@/api/client";
import { isProblem } from "@/api/problems";
import { AgainButton } from "@/orders/AgainButton";
import { OrderLines } from "@/orders/OrderLines";
import { Shortages } from "@/orders/Shortages";
import { useLiveOrder } from "@/orders/useLiveOrder";
import { Component as NotFound } from "@/pages/NotFoundPage";
import { useSpeech } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";
import { useTrouble } from "@/ui/useTrouble";
import { CancelButton } from "./CancelButton";
import styles from "./OrderPage.module.css";
import { Steps } from "./Steps";

/** One order, live. */
export function Component() {
  const { id = "" } = useParams();
  const { texts, dateTime, money } = useSpeech();
  const order = useLiveOrder(id);
  const problem = useTrouble(order);
  const words = texts.order;
  if (!order.data) {
    if (isProblem(problem) && problem.status === 404) return <NotFound />;
    return (
      <Page title={words.one} narrow>
        <h1>{words.one}</h1>
        {problem ? (
          <Trouble error={problem} onRetry={() => void order.refetch()} away={words.away} />
        ) : (
          <Skeleton height="16rem" />
        )}
      </Page>
    );
  }
  const { number, status, placed_at, lines, total } = order.data;
  return (
    <Page title={words.number(number)} narrow>
      <div>
        <h1>{words.headings[status]}</h1>
        <p className={styles.meta}>
          {words.number(number)} · <time dateTime={placed_at}>{dateTime(placed_at)}</time>
        </p>
      </div>
      {problem && <Trouble error={problem} onRetry={() => void order.refetch()} away={words.away} />}
      <div role="status" className={styles.status}>
        <Steps order={order.data} />
        <Outcome order={order.data} />
      </div>
      <section className={styles.part} aria-labelledby="lines">
        <h2 id="lines">{words.lines}</h2>
        <OrderLines lines={lines} />
        <p className={styles.total}>
          <span>{texts.cart.total}</span>
          <strong>{money(total)}</strong>
        </p>
      </section>
      <div className={styles.tools}>
        <AgainButton order={order.data} />
        {(status === "pending" || status === "confirmed") && <CancelButton order={order.data} />}
        <ButtonLink to="/orders">{words.list}</ButtonLink>
      </div>
    </Page>
  );
}

function Outcome({ order }: { order: Order }) {
  const { order: words } = useSpeech().texts;
  switch (order.status) {
    case "pending":
      return <Notice kind="info">{words.pendingText}</Notice>;
    case "confirmed":
      return <Notice kind="good">{words.confirmedText}</Notice>;
    case "fulfilled":
      return <Notice kind="good">{words.fulfilledText}</Notice>;
    case "cancelled":
      return <Notice kind="info">{words.cancelledText}</Notice>;
    case "rejected": {
      const names = new Map(
        order.lines.map(({ sku, name, options }) => [sku, [name, ...Object.values(options)].join(", ")]),
      );
      return (
        <Notice kind="warning" title={words.rejectedText}>
          <Shortages shortages={order.shortages ?? []} names={names} />
          <p>{words.rejectedCart}</p>
        </Notice>
      );
    }
  }
}
