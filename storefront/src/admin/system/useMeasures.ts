import { useMemo } from "react";
import { useSpeech } from "@/texts";
import { regionOf } from "../region";

export interface Measures {
  /** Of seconds; a dash where there is nothing to tell. */
  milliseconds(seconds: number | null | undefined): string;
  bytes(count: number): string;
  percent(share: number | null): string;
  /** How long ago, in the largest unit that is not zero. */
  ago(seconds: number): string;
}

export function useMeasures(): Measures {
  const { language } = useSpeech();
  return useMemo(() => {
    const region = regionOf(language);
    const unit = (unit: string) =>
      new Intl.NumberFormat(region, {
        style: "unit",
        unit,
        unitDisplay: unit.endsWith("byte") ? "narrow" : "short",
        maximumFractionDigits: 1,
      });
    const [ms, byte, kilobyte, megabyte] = ["millisecond", "byte", "kilobyte", "megabyte"].map(unit) as [
      Intl.NumberFormat,
      Intl.NumberFormat,
      Intl.NumberFormat,
      Intl.NumberFormat,
    ];
    const percents = new Intl.NumberFormat(region, { style: "percent", maximumFractionDigits: 1 });
    const past = new Intl.RelativeTimeFormat(region, { numeric: "auto" });
    return {
      milliseconds: (seconds) => (seconds == null ? "–" : ms.format(seconds * 1000)),
      bytes: (count) =>
        count < 1e3
          ? byte.format(count)
          : count < 1e6
            ? kilobyte.format(count / 1e3)
            : megabyte.format(count / 1e6),
      percent: (share) => (share === null ? "–" : percents.format(share)),
      ago: (seconds) => {
        if (seconds < 60) return past.format(-Math.max(0, Math.round(seconds)), "second");
        if (seconds < 3600) return past.format(-Math.round(seconds / 60), "minute");
        if (seconds < 86_400) return past.format(-Math.round(seconds / 3600), "hour");
        return past.format(-Math.round(seconds / 86_400), "day");
      },
    };
  }, [language]);
}
