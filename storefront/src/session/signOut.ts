import { answered, api } from "@/api/client";
import { isProblem } from "@/api/problems";
import { forgetDraft } from "@/checkout/draft";
import { sessionIsOver } from "./session";

/** Throws a Problem where accounts is away: only it can end a session. */
export async function signOut(): Promise<void> {
  try {
    await answered(api.DELETE("/api/sessions/current"));
  } catch (error) {
    // It was over already.
    if (!isProblem(error) || error.status !== 401) throw error;
  }
  sessionIsOver();
  forgetDraft();
}
