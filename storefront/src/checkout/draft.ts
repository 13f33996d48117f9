import { type Delivery, emptyDelivery } from "./form";

const KEY = "markethall.delivery";

interface Draft {
  /** Who typed it; null: a guest. */
  userId: string | null;
  typed: Record<string, unknown>;
}

/** What was typed so far: until the tab is closed. What a guest typed is still there after signing in, nobody else's is. */
export function draft(userId: string | null): Partial<Delivery> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}") as Partial<Draft>;
    if (kept.userId !== null && kept.userId !== userId) return {};
    const entries = Object.entries(kept.typed ?? {});
    return Object.fromEntries(
      entries.filter(([name, value]) => name in emptyDelivery && typeof value === "string"),
    );
  } catch {
    return {};
  }
}

export function keepDraft(userId: string | null, typed: Partial<Delivery>): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ userId, typed } satisfies Draft));
  } catch {
    // Then it has to be typed again after a reload.
  }
}

export function forgetDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was kept.
  }
}
