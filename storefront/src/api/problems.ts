import type { Schemas } from "./client";

export type FieldCode = Schemas["FieldProblem"]["code"];

/** What is wrong with a field, or with a cell of a file. */
export type Mistake = Pick<Schemas["FieldProblem"], "code" | "message" | "values">;

/** What the shop answered in place of what was asked for, or that it did not answer. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    /** HTTP status; 0 where there was no answer. */
    readonly status: number,
    /** Stable; `unreachable` where there was no answer. */
    readonly code: string,
    detail: string,
    /** The whole problem document. */
    readonly document: Record<string, unknown> = {},
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(detail);
  }

  /** Whether the same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  get fields(): Schemas["FieldProblem"][] {
    const errors = this.document.errors;
    return Array.isArray(errors) ? errors : [];
  }
}

export function unreachable(cause: unknown): Problem {
  return new Problem(0, "unreachable", cause instanceof Error ? cause.message : String(cause));
}

export async function problemOf(response: Response): Promise<Problem> {
  const document: Record<string, unknown> = await response.json().catch(() => ({}));
  const code = typeof document.code === "string" ? document.code : "unreadable_answer";
  const detail = typeof document.detail === "string" ? document.detail : response.statusText;
  const after = Number(response.headers.get("Retry-After"));
  return new Problem(response.status, code, detail, document, after > 0 ? after : null);
}

export const isProblem = (error: unknown, ...codes: string[]): error is Problem =>
  error instanceof Problem && (codes.length === 0 || codes.includes(error.code));
