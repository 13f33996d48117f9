/** Scripts and styles of a page that could not be loaded, and the way out: the whole page anew, once the shop answers. */

const RELOADED = "markethall.reloaded";
const RESTRAINT_MS = 60_000;
const TIMEOUT_MS = 5_000;

const failed = new WeakSet<Error>();

/** To be called before anything is loaded. */
export function noteFailedLoads(): void {
  window.addEventListener("vite:preloadError", ({ payload }) => failed.add(payload));
}

export const isFailedLoad = (error: unknown): boolean => error instanceof Error && failed.has(error);

/** To be asked before a reload: without the shop the browser shows a page of its own, from which nothing leads back. */
export async function isReachable(): Promise<boolean> {
  const asked = fetch("/ping", { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  return asked.then(
    ({ ok }) => ok,
    () => false,
  );
}

export function reload(): void {
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
}

/** A moment ago; then once more would not help. */
export const wasReloaded = (): boolean =>
  Date.now() - Number(sessionStorage.getItem(RELOADED)) < RESTRAINT_MS;
