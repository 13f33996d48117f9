import { Check, LoaderCircle, X } from "lucide-react";
import type { Order } from "@/api/client";
import { useSpeech } from "@/texts";
import styles from "./Steps.module.css";

type State = "done" | "now" | "failed" | "ahead";

/** Where an order is on its way: placed, reserved, sent. Where it ended before it was reserved, nothing lies ahead. */
export function Steps({ order }: { order: Order }) {
  const { texts, dateTime } = useSpeech();
  const words = texts.order.steps;
  const at = (status: Order["status"]) => order.history.find((entry) => entry.status === status)?.at;
  const reserved = at("confirmed");
  const sent = at("fulfilled");
  const isPending = order.status === "pending";
  const second: State = reserved ? "done" : isPending ? "now" : "failed";
  const third: State = sent
    ? "done"
    : order.status === "cancelled" && reserved
      ? "failed"
      : reserved
        ? "now"
        : "ahead";
  const ended = order.status === "cancelled" ? words.cancelled : words.soldOut;
  const way = [
    { name: words.placed, state: "done" as State, at: order.placed_at },
    {
      name: second === "done" ? words.reserved : second === "now" ? words.reserving : ended,
      state: second,
      at: reserved ?? (isPending ? undefined : (order.settled_at ?? undefined)),
    },
    {
      name: third === "failed" ? words.cancelled : sent ? words.sent : words.sending,
      state: third,
      at: sent ?? (third === "failed" ? at("cancelled") : undefined),
    },
  ];
  const steps = second === "failed" ? way.slice(0, 2) : way;
  return (
    <ol className={styles.steps}>
      {steps.map(({ name, state, at: moment }) => (
        <li
          key={name}
          className={styles.step}
          data-state={state}
          aria-current={state === "now" ? "step" : undefined}
        >
          <span className={styles.mark} aria-hidden>
            {state === "done" && <Check size={18} />}
            {state === "now" && <LoaderCircle size={18} />}
            {state === "failed" && <X size={18} />}
          </span>
          <span>
            <strong>{name}</strong>
            {moment && <time dateTime={moment}>{dateTime(moment)}</time>}
          </span>
        </li>
      ))}
    </ol>
  );
}
