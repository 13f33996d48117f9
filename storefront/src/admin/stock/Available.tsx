import { useSpeech } from "@/texts";
import { Badge } from "../ui/Badge";
import { LOW } from "./queries";

/** How many can be sold; marked where that is few. */
export function Available({ value }: { value: number }) {
  const { number } = useSpeech();
  if (value > LOW) return number(value);
  return <Badge tone={value > 0 ? "warm" : "bad"}>{number(value)}</Badge>;
}
