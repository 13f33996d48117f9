/** What this browser remembers between visits. No token is ever among it. */

export interface Stored<T> {
  get(): T | null;
  /** Null forgets it. */
  set(value: T | null): void;
  /** Calls at each change, also of other tabs. */
  subscribe(listener: () => void): () => void;
}

/** Works, for as long as the page lives, where the browser keeps nothing. */
export function createStored<T>(key: string): Stored<T> {
  const listeners = new Set<() => void>();
  let text = read(key);
  let value = parse<T>(text);

  function changed(to: string | null): void {
    if (to === text) return;
    text = to;
    value = parse<T>(to);
    for (const listener of [...listeners]) listener();
  }

  window.addEventListener("storage", (event) => {
    if (event.key === key || event.key === null) changed(event.key === null ? null : event.newValue);
  });

  return {
    get: () => value,
    set(to) {
      const written = to === null ? null : JSON.stringify(to);
      write(key, written);
      changed(written);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const underWay = new Map<string, Promise<unknown>>();

/** Runs one at a time among all tabs of the shop; among this tab's only where the browser cannot do more. */
export async function alone<T>(name: string, run: () => Promise<T>): Promise<T> {
  // Only pages over TLS or from this machine have locks.
  if (navigator.locks) return (await navigator.locks.request(name, run)) as T;
  const mine = (underWay.get(name) ?? Promise.resolve()).then(run, run);
  underWay.set(name, mine);
  return mine;
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    // Full, or switched off: then it is remembered until the page is closed.
  }
}

function parse<T>(text: string | null): T | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}
