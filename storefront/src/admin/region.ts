/** How numbers and moments are written: as in the browser's own region, where that speaks the language that was chosen. */
export const regionOf = (language: string): string =>
  navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? language;
