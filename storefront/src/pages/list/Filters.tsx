import { useQuery } from "@tanstack/react-query";
import { categoryOptionsQuery } from "@/catalog/queries";
import { inOrderOfSizes } from "@/catalog/sizes";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import styles from "./Filters.module.css";

interface FiltersProps {
  category: string;
  chosen: Record<string, string[]>;
  onChange: (option: string, value: string, isWanted: boolean) => void;
  onClear: () => void;
}

const SHOWN_OPEN = 2;

/** What a category can be narrowed by. Without it, the list is still there. */
export function Filters({ category, chosen, onChange, onClear }: FiltersProps) {
  const { list } = useTexts();
  const offered = useQuery(categoryOptionsQuery(category));
  const count = Object.values(chosen).flat().length;
  if (offered.error && !offered.data) return <p className={styles.away}>{list.filtersAway}</p>;
  if (!offered.data) return <Skeleton height="12rem" />;
  if (offered.data.items.length === 0 && count === 0) return null;
  return (
    <div className={styles.filters}>
      {offered.data.items.map(({ name, values }, place) => (
        <details key={name} className={styles.option} open={place < SHOWN_OPEN || chosen[name] !== undefined}>
          <summary>{name}</summary>
          <fieldset className={styles.values}>
            <legend className="visually-hidden">{name}</legend>
            {inOrderOfSizes(values, ({ value }) => value).map(({ value, products }) => (
              <label key={value} className={styles.value}>
                <input
                  type="checkbox"
                  checked={chosen[name]?.includes(value) ?? false}
                  onChange={(event) => onChange(name, value, event.target.checked)}
                />
                <span>{value}</span>
                <span className={styles.count}>{products}</span>
              </label>
            ))}
          </fieldset>
        </details>
      ))}
      {count > 0 && <Button onClick={onClear}>{list.clear}</Button>}
    </div>
  );
}
