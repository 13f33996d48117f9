import { createContext, type ReactNode, use, useMemo, useSyncExternalStore } from "react";
import type { Money } from "@/api/client";
import { createStored } from "@/stored";
import { en, type Texts } from "./en";

export type { Texts };
export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const chosen = createStored<Language>("markethall.language");

export interface Speech {
  language: Language;
  texts: Texts;
  money(money: Money): string;
  number(value: number): string;
  date(rfc3339: string): string;
  dateTime(rfc3339: string): string;
  /** The name of a country by its ISO 3166-1 code. */
  country(code: string): string;
}

const Spoken = createContext<Speech | null>(null);

/** The chosen language, else the first one of the browser's that there is, else English. */
function language(): Language {
  const wanted = [chosen.get() ?? "", ...navigator.languages].map(
    (tag) => tag.toLowerCase().split("-")[0] ?? "",
  );
  return wanted.find((tag): tag is Language => tag in LANGUAGES) ?? "en";
}

const loaded = new Map<Language, Texts>([["en", en]]);

/** To be awaited before anything is shown; English where the catalogue cannot be had. */
export async function prepareTexts(): Promise<void> {
  await load(language()).catch(() => undefined);
}

export async function chooseLanguage(to: Language): Promise<void> {
  await load(to);
  chosen.set(to);
}

async function load(wanted: Language): Promise<void> {
  if (!loaded.has(wanted)) loaded.set(wanted, (await import("./de")).de);
}

export function SpeechProvider({ children }: { children: ReactNode }) {
  const wanted = useSyncExternalStore(chosen.subscribe, language);
  const texts = loaded.get(wanted);
  const spoken = useMemo(() => createSpeech(texts ? wanted : "en", texts ?? en), [wanted, texts]);
  document.documentElement.lang = spoken.language;
  document.querySelector("meta[name=description]")?.setAttribute("content", spoken.texts.catalog.helloText);
  return <Spoken value={spoken}>{children}</Spoken>;
}

export function useSpeech(): Speech {
  const spoken = use(Spoken);
  if (!spoken) throw new Error("outside of SpeechProvider");
  return spoken;
}

export const useTexts = (): Texts => useSpeech().texts;

function createSpeech(language: Language, texts: Texts): Speech {
  const region = navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? language;
  const numbers = new Intl.NumberFormat(region);
  const days = new Intl.DateTimeFormat(region, { dateStyle: "medium" });
  const moments = new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" });
  const countries = new Intl.DisplayNames(region, { type: "region" });
  const currencies = new Map<string, Intl.NumberFormat>();

  function currency(code: string): Intl.NumberFormat {
    const format =
      currencies.get(code) ?? new Intl.NumberFormat(region, { style: "currency", currency: code });
    currencies.set(code, format);
    return format;
  }

  return {
    language,
    texts,
    money({ amount, currency: code }) {
      const format = currency(code);
      return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
    },
    number: (value) => numbers.format(value),
    date: (at) => days.format(new Date(at)),
    dateTime: (at) => moments.format(new Date(at)),
    country: (code) => countries.of(code) ?? code,
  };
}
