/** In terms of the first of their kind. */
const UNITS: Record<string, [kind: string, factor: number]> = {
  mg: ["g", 0.001],
  kg: ["g", 1000],
  ml: ["l", 0.001],
  cl: ["l", 0.01],
  dl: ["l", 0.1],
  mm: ["m", 0.001],
  cm: ["m", 0.01],
};
const NUMBER = /^(\d+(?:[.,]\d+)?)\s*(?:[–-]\s*\d+(?:[.,]\d+)?)?\s*(.*)$/;
const THOUSANDS = /^([1-9]\d{0,2})[.,](\d{3})$/;
const LETTERS = /^(?:(\d{1,2})X|(X*))([SML])$/;

interface Size {
  /** Only sizes of one kind can be compared. */
  kind: string;
  size: number;
}

/** Of a garment in letters, or of a number with whatever unit; null: it is a word. `2XL` is `XXL`, and `3–4 years` is 3 years. */
function sizeOf(value: string): Size | null {
  const [, times, exes = "", letter] = LETTERS.exec(value.trim().toUpperCase()) ?? [];
  if (letter !== undefined) {
    const far = 1 + (times === undefined ? exes.length : Number(times));
    return { kind: "letters", size: letter === "S" ? -far : letter === "L" ? far : 0 };
  }
  const [, number, unit = ""] = NUMBER.exec(value.trim()) ?? [];
  if (number === undefined) return null;
  const [kind, factor] = UNITS[unit.toLowerCase()] ?? [unit.toLowerCase(), 1];
  return {
    kind: `number ${kind}`,
    size: Number(number.replace(THOUSANDS, "$1$2").replace(",", ".")) * factor,
  };
}

/**
 * Sizes from small to large, those of one kind beside each other, where the first of them stands. Words stay in the
 * order they have.
 */
export function inOrderOfSizes<Item>(items: Item[], named: (item: Item) => string): Item[] {
  const kinds = new Map<string, { item: Item; size: number }[]>();
  for (const item of items) {
    const { kind, size } = sizeOf(named(item)) ?? { kind: "words", size: 0 };
    kinds.set(kind, [...(kinds.get(kind) ?? []), { item, size }]);
  }
  return [...kinds.values()].flatMap((alike) =>
    alike.sort((one, other) => one.size - other.size).map(({ item }) => item),
  );
}
