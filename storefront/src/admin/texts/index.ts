import { type Language, useSpeech } from "@/texts";
import { de } from "./de";
import { type AdminTexts, en } from "./en";

export type { AdminTexts };

/** The shopkeeper's texts: they are loaded with the shopkeeper's pages. */
export const adminTexts = (language: Language): AdminTexts => ({ en, de })[language];

export const useAdminTexts = (): AdminTexts => adminTexts(useSpeech().language);
