import { useQuery } from "@tanstack/react-query";
import type { Category } from "@/api/client";
import { categoriesQuery } from "@/catalog/queries";
import { SelectField } from "../ui/Fields";
import { treeOf } from "./tree";

interface CategorySelectProps {
  label: string;
  /** A slug; empty: none. */
  value: string;
  onChange: (slug: string) => void;
  /** What it means to choose none. */
  none: string;
  /** Neither that one, nor what is below it. */
  without?: Category | null;
}

/** All categories, those below another one indented. What is chosen stays so while they are not known. */
export function CategorySelect({ label, value, onChange, none, without }: CategorySelectProps) {
  const categories = useQuery(categoriesQuery);
  const tree = treeOf(categories.data ?? [], without ?? undefined);
  const isKnown = value === "" || tree.some(({ category }) => category.slug === value);
  return (
    <SelectField label={label} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{none}</option>
      {!isKnown && <option value={value}>{value}</option>}
      {tree.map(({ category, depth }) => (
        <option key={category.slug} value={category.slug}>
          {"\u2003".repeat(depth)}
          {category.name}
        </option>
      ))}
    </SelectField>
  );
}
