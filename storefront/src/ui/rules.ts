/** What may be typed into a field, in the form that React Hook Form's `register` takes. Limits are those of the API. */

interface Rule {
  validate: (typed: string) => boolean;
}

const EMAIL = /^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/;

/** Blanks around it do not count. */
export const text = (least: number, most: number): Rule => ({
  validate: (typed) => {
    const length = typed.trim().length;
    return least <= length && length <= most;
  },
});

export const name = text(1, 200);
export const email: Rule = { validate: (typed) => typed.trim().length <= 254 && EMAIL.test(typed.trim()) };
export const newPassword: Rule = { validate: (typed) => typed.length >= 8 && typed.length <= 256 };
export const anyPassword: Rule = { validate: (typed) => typed.length >= 1 && typed.length <= 256 };

/** As it is sent: without blanks around. Not for passwords. */
export function trimmed<T extends Record<string, string>>(typed: T): T {
  return Object.fromEntries(Object.entries(typed).map(([name, value]) => [name, value.trim()])) as T;
}
