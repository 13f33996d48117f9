import { useMemo } from "react";
import { useSpeech } from "@/texts";
import { regionOf } from "../region";

/** The hours or days of a chart, in words. */
export function useMoments(interval: "hour" | "day") {
  const { language } = useSpeech();
  return useMemo(() => {
    const region = regionOf(language);
    const brief = new Intl.DateTimeFormat(
      region,
      interval === "hour" ? { hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" },
    );
    const whole = new Intl.DateTimeFormat(
      region,
      interval === "hour"
        ? { dateStyle: "medium", timeStyle: "short" }
        : { weekday: "short", day: "numeric", month: "long" },
    );
    return {
      brief: (at: string) => brief.format(new Date(at)),
      whole: (at: string) => whole.format(new Date(at)),
    };
  }, [language, interval]);
}
