/** As a `ref`: what appears is scrolled to, where it is out of sight. For answers to a click that may be far from it. */
export function intoSight(element: Element | null): void {
  element?.scrollIntoView({ block: "nearest" });
}
