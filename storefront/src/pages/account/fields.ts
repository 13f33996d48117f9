import { z } from "zod/mini";

/** Limits are those of the API. */
export const name = z.string().check(z.trim(), z.minLength(1), z.maxLength(200));
export const email = z.string().check(z.trim(), z.maxLength(254), z.regex(/^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/));
export const password = z.string().check(z.minLength(8), z.maxLength(256));
