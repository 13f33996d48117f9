import { useSyncExternalStore } from "react";
import { chooseLanguage, LANGUAGES, type Language, useSpeech } from "@/texts";
import { chooseTheme, currentTheme, subscribeToTheme, THEMES, type Theme } from "@/theme/theme";
import styles from "./Choices.module.css";

/** Language and appearance. */
export function Choices() {
  const { language, texts } = useSpeech();
  const theme = useSyncExternalStore(subscribeToTheme, currentTheme);
  return (
    <div className={styles.choices}>
      <label className={styles.choice}>
        <span>{texts.look.language}</span>
        <select value={language} onChange={(event) => void chooseLanguage(event.target.value as Language)}>
          {Object.entries(LANGUAGES).map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className={styles.choice}>
        <span>{texts.look.theme}</span>
        <select value={theme} onChange={(event) => chooseTheme(event.target.value as Theme)}>
          {THEMES.map((name) => (
            <option key={name} value={name}>
              {texts.look[name]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
