import { useSyncExternalStore } from "react";

/** Whether the window is at least so wide (a CSS length). */
export function useWide(width: string): boolean {
  const query = window.matchMedia(`(width >= ${width})`);
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => query.matches,
  );
}
