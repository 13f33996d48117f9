import type { FieldCode } from "@/api/problems";

/** What a message names, such as the bound that is passed. Numbers come as they are written in the language. */
export type Named = Record<string, string | undefined>;

/** The compiler sees that no code of the API's is left out. */
export type MistakeTexts = Record<FieldCode, (named: Named) => string>;
