import type { Ref } from "react";
import type { Problem } from "@/api/problems";
import { isProblem } from "@/api/problems";
import { type Texts, useTexts } from "@/texts";
import { Notice } from "./Notice";

interface TroubleProps {
  error: unknown;
  onRetry?: () => void;
  /** What it means here, where that is known, in place of the general words for a part that is away. */
  away?: string;
  ref?: Ref<HTMLDivElement>;
}

/** An error in plain words, with a way to try again where that may help. */
export function Trouble({ error, onRetry, away, ref }: TroubleProps) {
  const texts = useTexts();
  const passing = isProblem(error) && error.isPassing;
  return (
    <Notice
      kind={passing ? "warning" : "error"}
      title={texts.trouble.title}
      {...(onRetry && { onRetry })}
      {...(ref && { ref })}
    >
      <p>{wordsFor(error, texts, away)}</p>
      {passing && onRetry && <p>{texts.trouble.again}</p>}
    </Notice>
  );
}

export function wordsFor(error: unknown, texts: Texts, away?: string): string {
  if (!isProblem(error)) return texts.trouble.unexpected;
  if (error.status === 0) return texts.trouble.unreachable;
  if (error.status === 429 || BUSY.has(error.code)) return texts.trouble.busy;
  if (error.status === 503) return away ?? texts.trouble.away;
  if (error.status === 404) return texts.trouble.notFound;
  return known(error, texts) ?? texts.trouble.refused(error.code);
}

const BUSY = new Set(["passwords_busy", "contended", "too_many_streams"]);

function known(error: Problem, texts: Texts): string | undefined {
  return (texts.problems as Record<string, string>)[error.code];
}
