import { isProblem } from "@/api/problems";
import { useSpeech } from "@/texts";
import { intoSight } from "@/ui/intoSight";
import { Notice } from "@/ui/Notice";
import { Trouble } from "@/ui/Trouble";
import { fieldName, mistakeText, useAdminTexts } from "../texts";

interface RefusedProps {
  error: unknown;
  /** What it means where the part that is asked is away. */
  away: string;
  onRetry?: () => void;
}

/** Why a change was not made: in plain words, and field by field where the API says so. */
export function Refused({ error, away, onRetry }: RefusedProps) {
  const texts = useAdminTexts();
  const { number } = useSpeech();
  const known = isProblem(error) ? texts.problems[error.code] : undefined;
  return (
    <>
      {known ? (
        <Notice ref={intoSight} kind="error">
          {known}
        </Notice>
      ) : (
        <Trouble ref={intoSight} error={error} away={away} {...(onRetry && { onRetry })} />
      )}
      {isProblem(error, "invalid") && error.fields.length > 0 && (
        <ul ref={intoSight}>
          {error.fields.map((mistake) => (
            <li key={`${mistake.field} ${mistake.message}`}>
              {mistake.field && `${fieldName(mistake.field, texts)}: `}
              {mistakeText(mistake, texts, number)}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
