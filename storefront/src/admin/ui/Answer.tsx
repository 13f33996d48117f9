import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTexts } from "@/texts";
import { Notice } from "@/ui/Notice";
import { Skeleton } from "@/ui/Skeleton";
import { Trouble } from "@/ui/Trouble";

interface AnswerProps<T> {
  query: UseQueryResult<T>;
  /** What it means where the part that knows is away. */
  away: string;
  /** Kept free while there is nothing yet. */
  room?: string;
  children: (data: T) => ReactNode;
}

/** What was asked for, or why it is not there. What was known before stays, and is called old. */
export function Answer<T>({ query, away, room = "16rem", children }: AnswerProps<T>) {
  const { trouble } = useTexts();
  const retry = () => void query.refetch();
  if (query.data === undefined)
    return query.error ? (
      <Trouble error={query.error} onRetry={retry} away={away} />
    ) : (
      <Skeleton height={room} />
    );
  return (
    <>
      {query.error && (
        <Notice kind="warning" onRetry={retry}>
          {trouble.old}
        </Notice>
      )}
      {children(query.data)}
    </>
  );
}
