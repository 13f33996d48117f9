/**
 * An order that is being placed. Its key and all that is sent are written down before the first try, and kept until the
 * answer is known: whatever breaks off in between, the same request is made again, which is the same order.
 */
import { answered, api, type Order, type Schemas } from "@/api/client";
import { isProblem, type Problem } from "@/api/problems";
import { currentUser } from "@/session/session";
import { alone, createStored } from "@/stored";

export type OrderRequest = Schemas["OrderRequest"];

export interface Attempt {
  key: string;
  body: OrderRequest;
  /** In whose name; null: a guest's. */
  userId: string | null;
}

/** `order`: it was placed, whatever becomes of it. `refused`: no order was made. */
export type Outcome =
  | { kind: "order"; orderId: string; order: Order | null }
  | { kind: "refused"; problem: Problem };

interface Finished {
  key: string;
  orderId: string;
}

const attempt = createStored<Attempt>("markethall.checkout");
const finished = createStored<Finished>("markethall.checkout.last");

export const subscribeToAttempt = attempt.subscribe;

/** One that another user of this browser has left is not taken up: if it became an order, it is among theirs. */
export function currentAttempt(): Attempt | null {
  const left = attempt.get();
  return left && (left.userId === null || left.userId === currentUser()?.id) ? left : null;
}

const WAIT_SECONDS = 5;
const TRIES = 4;
const FIRST_PAUSE_MS = 400;

export function begin(body: OrderRequest, userId: string | null): Attempt {
  const begun = { key: newKey(), body, userId };
  attempt.set(begun);
  return begun;
}

/**
 * Sends it until there is an answer, in one tab at a time. Throws a Problem where the shop does not answer: whether there is
 * an order is not known then, the attempt is kept, and this may be called again.
 */
export async function place(wanted: Attempt): Promise<Outcome> {
  return alone("markethall.checkout", async () => {
    const done = finished.get();
    // Another tab had the answer first.
    if (done?.key === wanted.key) return { kind: "order", orderId: done.orderId, order: null };
    for (let tried = 1; ; tried++) {
      try {
        return settle(wanted, await send(wanted));
      } catch (error) {
        if (!isProblem(error)) throw error;
        if (!error.isPassing) return settle(wanted, outcomeOf(error));
        if (tried === TRIES) throw error;
        await pause(Math.max(FIRST_PAUSE_MS * 2 ** (tried - 1), (error.retryAfterSeconds ?? 0) * 1000));
      }
    }
  });
}

async function send({ key, body, userId }: Attempt): Promise<Outcome> {
  const headers = { "Idempotency-Key": key, Prefer: `wait=${WAIT_SECONDS}` };
  const order = await answered(
    api.POST("/api/orders", {
      params: { header: headers },
      body,
      // The same key in somebody's name would be another order.
      credentials: userId === null ? "omit" : "same-origin",
    }),
  );
  return { kind: "order", orderId: order.id, order };
}

/** A refusal that names an order is about that order: it was made, and rejected or cancelled since. */
function outcomeOf(problem: Problem): Outcome {
  const orderId = problem.document.order_id;
  return typeof orderId === "string" ? { kind: "order", orderId, order: null } : { kind: "refused", problem };
}

function settle(wanted: Attempt, outcome: Outcome): Outcome {
  if (outcome.kind === "order") finished.set({ key: wanted.key, orderId: outcome.orderId });
  if (attempt.get()?.key === wanted.key) attempt.set(null);
  return outcome;
}

/** Not `randomUUID`: that is for pages over TLS only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
