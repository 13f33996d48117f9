import { SORTS, type Sort, type Wanted } from "@/catalog/queries";

const OPTION = "option.";

/** What a list's address asks for. All of it stands in the address: it can be sent to a friend, and Back leads back to it. */
export function wantedOf(address: URLSearchParams, category: string | undefined): Wanted {
  const wanted: Wanted = {};
  const query = address.get("query")?.trim();
  const sort = SORTS.find((sort) => sort === address.get("sort"));
  const options: Record<string, string[]> = {};
  for (const [name, value] of address) {
    if (!name.startsWith(OPTION) || name === OPTION || value === "") continue;
    const option = name.slice(OPTION.length);
    options[option] = [...(options[option] ?? []), value];
  }
  if (category) wanted.category = category;
  if (query) wanted.query = query;
  if (sort && (sort !== "relevance" || query)) wanted.sort = sort;
  if (Object.keys(options).length > 0) wanted.options = options;
  return wanted;
}

export function withSort(address: URLSearchParams, sort: Sort): URLSearchParams {
  const changed = new URLSearchParams(address);
  changed.set("sort", sort);
  return changed;
}

export function withOption(
  address: URLSearchParams,
  name: string,
  value: string,
  isWanted: boolean,
): URLSearchParams {
  const changed = new URLSearchParams(address);
  changed.delete(OPTION + name, value);
  if (isWanted) changed.append(OPTION + name, value);
  return changed;
}

export function withoutOptions(address: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...address].filter(([name]) => !name.startsWith(OPTION)));
}
