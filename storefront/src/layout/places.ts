import { useEffect, useRef } from "react";
import { type Location, useLocation } from "react-router";

/** The item of the session storage in which React Router keeps how far down each page was. */
export const PLACES = "markethall.places";
const PAGES = "markethall.pages";
const MOST_PAGES = 20;
const MOST_MILLISECONDS = 10_000;
const MOVES = ["wheel", "touchstart", "pointerdown", "keydown"] as const;

/** Whatever is opened by its address has the same key: without this, a page would be opened where another was left. */
export const placeOf = ({ key, pathname, search }: Location): string =>
  key === "default" ? pathname + search : key;

/**
 * After a reload, of this page or of one that was opened from it, the page is where it was only once what stood above
 * has come again. Until then it goes as far down as it can with everything that comes; whoever moves it themselves is
 * left alone.
 */
export function useLatePlace(): void {
  const location = useLocation();
  const seen = useRef(new Map<string, Location>());
  useEffect(() => {
    const place = placeOf(location);
    // What one comes back to without a reload is still loaded, and the router knows a newer place of it.
    if ((seen.current.get(place) ?? location) !== location) return;
    seen.current.set(place, location);
    const wanted = read(PLACES, place);
    if (wanted === 0) return;
    const stop = new AbortController();
    const growth = new ResizeObserver(() => {
      window.scrollTo(0, wanted);
      if (window.scrollY >= Math.floor(wanted)) stop.abort();
    });
    stop.signal.addEventListener("abort", () => growth.disconnect());
    for (const move of MOVES)
      window.addEventListener(move, () => stop.abort(), { signal: stop.signal, passive: true });
    const timer = setTimeout(() => stop.abort(), MOST_MILLISECONDS);
    growth.observe(document.body);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [location]);
}

interface Paged {
  data?: { pages: unknown[] } | undefined;
  hasNextPage: boolean;
  isFetching: boolean;
  isError: boolean;
  fetchNextPage: () => unknown;
}

/** A list that is reloaded has as many pages as were shown of it before. */
export function useReloadedPages({ data, hasNextPage, isFetching, isError, fetchNextPage }: Paged): void {
  const place = placeOf(useLocation());
  const wanted = useRef({ place: "", pages: 0 });
  if (wanted.current.place !== place)
    wanted.current = { place, pages: Math.min(read(PAGES, place), MOST_PAGES) };
  const count = data?.pages.length ?? 0;
  useEffect(() => {
    if (count === 0 || isFetching) return;
    if (count < wanted.current.pages && hasNextPage && !isError) void fetchNextPage();
    else write(PAGES, { [place]: count });
  }, [count, place, hasNextPage, isFetching, isError, fetchNextPage]);
}

function read(item: string, place: string): number {
  try {
    return Number(JSON.parse(sessionStorage.getItem(item) ?? "{}")[place] ?? 0);
  } catch {
    // Without storage nothing is kept.
    return 0;
  }
}

function write(item: string, value: Record<string, number>): void {
  try {
    sessionStorage.setItem(item, JSON.stringify(value));
  } catch {
    // Full, or switched off.
  }
}
