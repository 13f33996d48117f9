import { isProblem } from "@/api/problems";
import { useTexts } from "@/texts";
import { Notice } from "@/ui/Notice";
import { wordsFor } from "@/ui/Trouble";

export function SignInTrouble({ error }: { error: unknown }) {
  const texts = useTexts();
  const { account } = texts;
  if (isProblem(error, "wrong_credentials")) return <Notice kind="error">{account.wrongCredentials}</Notice>;
  if (isProblem(error, "too_many_attempts")) {
    return <Notice kind="warning">{account.tooMany(error.retryAfterSeconds ?? 60)}</Notice>;
  }
  if (isProblem(error, "email_taken")) return <Notice kind="error">{account.emailTaken}</Notice>;
  return <Notice kind="warning">{wordsFor(error, texts, account.away)}</Notice>;
}
