import { useCallback } from "react";
import { useSearchParams } from "react-router";

/** What a list is narrowed to, kept in the address; an empty text: not at all. */
export interface Filters<Name extends string> {
  values: Record<Name, string>;
  /** Begins at the first page again. */
  set: (changes: Partial<Record<Name, string>>) => void;
  /** Of the page that is shown; empty: the first. */
  cursor: string;
  isNarrowed: boolean;
  clear: () => void;
}

export function useFilters<Name extends string>(names: readonly Name[]): Filters<Name> {
  const [params, setParams] = useSearchParams();
  const values = Object.fromEntries(names.map((name) => [name, params.get(name) ?? ""])) as Record<
    Name,
    string
  >;
  const set = useCallback(
    (changes: Partial<Record<Name, string>>) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          after.delete("cursor");
          for (const [name, value] of Object.entries(changes) as [Name, string][])
            if (value) after.set(name, value);
            else after.delete(name);
          return after;
        },
        { replace: true, preventScrollReset: true },
      ),
    [setParams],
  );
  return {
    values,
    set,
    cursor: params.get("cursor") ?? "",
    isNarrowed: names.some((name) => values[name] !== ""),
    clear: () => setParams({}, { replace: true }),
  };
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined | ""> };

/** Without what is empty or not known. */
export function given<T extends Record<string, unknown>>(values: T): Given<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== "" && value !== undefined && value !== null),
  ) as Given<T>;
}
