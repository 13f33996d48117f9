import { type Delivery, emptyDelivery } from "./form";

const KEY = "markethall.delivery";

/** What was typed so far: until the tab is closed. */
export function draft(): Partial<Delivery> {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
    const entries = Object.entries(kept as Record<string, unknown>);
    return Object.fromEntries(
      entries.filter(([name, value]) => name in emptyDelivery && typeof value === "string"),
    );
  } catch {
    return {};
  }
}

export function keepDraft(typed: Partial<Delivery>): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(typed));
  } catch {
    // Then it has to be typed again after a reload.
  }
}
