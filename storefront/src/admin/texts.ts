import { type Language, useSpeech } from "@/texts";

const en = {
  overview: {
    title: "Overview",
    parts: "Parts that are alive",
    part: "Part",
    replica: "Replica",
    version: "Version",
    since: "Since",
    away: "How the parts are is not known just now.",
  },
};

type AdminTexts = typeof en;

const de: AdminTexts = {
  overview: {
    title: "Überblick",
    parts: "Teile, die leben",
    part: "Teil",
    replica: "Replik",
    version: "Version",
    since: "Seit",
    away: "Wie es den Teilen geht, ist gerade nicht bekannt.",
  },
};

/** The shopkeeper's texts: they are loaded with the shopkeeper's pages. */
export const adminTexts = (language: Language): AdminTexts => ({ en, de })[language];

export const useAdminTexts = (): AdminTexts => adminTexts(useSpeech().language);
