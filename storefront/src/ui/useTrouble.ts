import { useState } from "react";

interface Asked {
  data: unknown;
  error: Error | null;
}

/** What went wrong with a question; it stays while the question is asked again by itself, until there is an answer. */
export function useTrouble({ data, error }: Asked): Error | null {
  const [last, setLast] = useState<Error | null>(null);
  const now = error ?? (data === undefined ? last : null);
  if (now !== last) setLast(now);
  return now;
}
