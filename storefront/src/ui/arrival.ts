/** The page that was come to last, and what was given focus there. */
let path: string | null = null;
let held: Element | null = null;

/**
 * Keyboards and screen readers go on at the heading of a page they have come to: what led there may be gone. To be
 * called after each drawing of the page. While the heading is on its way they wait at the page's beginning, unless
 * they go elsewhere. A page that was opened by its address is left to the browser.
 */
export function arrive(at: string, page: HTMLElement): void {
  const isFirst = path === null;
  const isOther = path !== at;
  path = at;
  if (isOther) held = null;
  const main = page.closest("main");
  if (isFirst || (!isOther && !isOnItsWay(main))) return;
  const heading = page.querySelector("h1");
  if (heading) heading.tabIndex = -1;
  held = heading ?? main;
  (heading ?? main)?.focus({ preventScroll: true });
}

/** The heading is not there yet, or another one has taken its place. */
function isOnItsWay(main: Element | null): boolean {
  if (held === null) return false;
  return held === main
    ? document.activeElement === main
    : !held.isConnected && document.activeElement === document.body;
}
