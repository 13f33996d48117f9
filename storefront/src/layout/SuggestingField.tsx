import { Autocomplete } from "@base-ui/react/autocomplete";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type InputHTMLAttributes, useLayoutEffect, useRef, useState } from "react";
import { useNavigate } from "react-router";
import type { ProductSummary } from "@/api/client";
import { suggestionsQuery } from "@/catalog/queries";
import { useSpeech } from "@/texts";
import { Picture } from "@/ui/Picture";
import { useSettled } from "@/ui/useSettled";
import styles from "./SuggestingField.module.css";

const PAUSE_MS = 150;

export interface SuggestingProps {
  field: InputHTMLAttributes<HTMLInputElement>;
  words: string;
  /** Where one is typing already, when the field appears; null: one is not. */
  place: number | null;
  onWords: (words: string) => void;
}

/** Products that are found while one types; to choose one leads to it. */
export function SuggestingField({ field, words, place, onWords }: SuggestingProps) {
  const { texts, money } = useSpeech();
  const navigate = useNavigate();
  const input = useRef<HTMLInputElement>(null);
  const settled = useSettled(words.trim(), PAUSE_MS);
  const found = useQuery({ ...suggestionsQuery(settled), placeholderData: keepPreviousData, retry: false });
  const products = settled === "" || words.trim() === "" ? [] : (found.data?.items ?? []);
  const [isOpen, setOpen] = useState(place !== null && words !== "");

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when it takes the plain field's place
  useLayoutEffect(() => {
    if (place === null) return;
    input.current?.focus();
    input.current?.setSelectionRange(place, place);
  }, []);

  const isShown = isOpen && words.trim() !== "";
  const state = found.error ? texts.search.away : found.isFetching ? texts.search.typing : texts.search.none;
  return (
    <Autocomplete.Root
      items={products}
      filter={null}
      value={words}
      onValueChange={(value, { reason }) => {
        if (reason !== "item-press") onWords(value);
      }}
      itemToStringValue={(product: ProductSummary) => product.name}
      // Beside the field, and not in a popup of the library's: that hides the rest of the page from screen readers.
      inline
      open={isShown}
      onOpenChange={setOpen}
      openOnInputClick
    >
      <Autocomplete.Input
        {...field}
        ref={input}
        className={field.className ?? ""}
        aria-expanded={isShown}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && isShown) {
            event.preventDefault();
            setOpen(false);
          } else if (event.key === "ArrowDown") setOpen(true);
        }}
      />
      {isShown && (
        <div className={styles.popup ?? ""}>
          <Autocomplete.Status className={products.length > 0 ? "visually-hidden" : (styles.status ?? "")}>
            {products.length > 0 ? texts.search.found(products.length) : state}
          </Autocomplete.Status>
          <Autocomplete.List>
            {(product: ProductSummary) => (
              <Autocomplete.Item
                key={product.slug}
                value={product}
                className={styles.item ?? ""}
                onClick={() => {
                  setOpen(false);
                  void navigate(`/products/${product.slug}`);
                }}
              >
                <Picture source={product.image} alt="" sizes="3rem" className={styles.picture ?? ""} />
                <span className={styles.name}>{product.name}</span>
                <span className={styles.price}>
                  {product.available === 0 ? texts.catalog.soldOut : money(product.price)}
                </span>
              </Autocomplete.Item>
            )}
          </Autocomplete.List>
        </div>
      )}
    </Autocomplete.Root>
  );
}
