import { Search as SearchIcon } from "lucide-react";
import {
  type ComponentType,
  type FormEvent,
  type InputHTMLAttributes,
  useEffect,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import { useTexts } from "@/texts";
import styles from "./Search.module.css";
import type { SuggestingProps } from "./SuggestingField";

/** Enter leads to all that is found. The field that suggests while one types is loaded when the plain one is first touched. */
export function Search() {
  const texts = useTexts();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [address] = useSearchParams();
  const asked = pathname === "/search" ? (address.get("query") ?? "") : "";
  const [words, setWords] = useState(asked);
  // Another search, or another page: the field follows.
  // biome-ignore lint/correctness/useExhaustiveDependencies: leaving a page empties it
  useEffect(() => setWords(asked), [asked, pathname]);
  const [Suggesting, setSuggesting] = useState<ComponentType<SuggestingProps> | null>(null);
  const plain = useRef<HTMLInputElement>(null);
  const place = useRef<number | null>(null);

  async function load() {
    const { SuggestingField } = await import("./SuggestingField").catch(() => ({ SuggestingField: null }));
    // Whoever has begun to type goes on typing at the same place.
    place.current = document.activeElement === plain.current ? (plain.current?.selectionEnd ?? null) : null;
    // At once: a key that is pressed between the two fields would be lost.
    flushSync(() => setSuggesting(() => SuggestingField));
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const query = words.trim();
    void navigate(query === "" ? "/search" : `/search?${new URLSearchParams({ query })}`);
  }

  const field: InputHTMLAttributes<HTMLInputElement> = {
    type: "search",
    name: "query",
    maxLength: 200,
    className: styles.input,
    "aria-label": texts.search.label,
    placeholder: texts.search.placeholder,
    enterKeyHint: "search",
    autoComplete: "off",
  };

  return (
    <search className={styles.search}>
      <form onSubmit={submit} className={styles.form}>
        <SearchIcon aria-hidden size={20} className={styles.icon} />
        {Suggesting ? (
          <Suggesting field={field} words={words} place={place.current} onWords={setWords} />
        ) : (
          <input
            {...field}
            ref={plain}
            value={words}
            onChange={(event) => setWords(event.target.value)}
            onFocus={() => void load()}
          />
        )}
        <button type="submit" className="visually-hidden" tabIndex={-1}>
          {texts.search.button}
        </button>
      </form>
    </search>
  );
}
