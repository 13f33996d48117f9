import { createStored } from "@/stored";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const chosen = createStored<Theme>("markethall.theme");

export const subscribeToTheme = chosen.subscribe;

export function currentTheme(): Theme {
  const theme = chosen.get();
  return theme && THEMES.includes(theme) ? theme : "system";
}

export function chooseTheme(theme: Theme): void {
  chosen.set(theme);
}

/** To be called before anything is shown. `system` leaves it to `prefers-color-scheme`. */
export function applyTheme(): void {
  const show = () => {
    document.documentElement.dataset.theme = currentTheme();
  };
  show();
  chosen.subscribe(show);
}
