import { SORTS, type Sort } from "@/catalog/queries";
import { useTexts } from "@/texts";
import styles from "./SortChoice.module.css";

interface SortChoiceProps {
  sort: Sort;
  isSearch: boolean;
  onChoose: (sort: Sort) => void;
}

export function SortChoice({ sort, isSearch, onChoose }: SortChoiceProps) {
  const { list } = useTexts();
  return (
    <label className={styles.choice}>
      <span>{list.sort}</span>
      <select value={sort} onChange={(event) => onChoose(event.target.value as Sort)}>
        {SORTS.filter((name) => name !== "relevance" || isSearch).map((name) => (
          <option key={name} value={name}>
            {list.sorts[name]}
          </option>
        ))}
      </select>
    </label>
  );
}
