import type { Texts } from "./en";
import { pluralOf } from "./plural";

const plural = pluralOf("de");

export const de: Texts = {
  shop: {
    name: "Markethall",
    claim: "Jeden Tag geöffnet, was auch geschieht.",
    skip: "Zum Inhalt springen",
    home: "Start",
    allProducts: "Alles",
    menu: "Kategorien",
    footer:
      "Eine Markthalle hat viele Stände unter einem Dach: Schließt einer, verkaufen die anderen weiter.",
    docs: "API für Entwickler",
    opening: "Wird geöffnet …",
    admin: "Verwaltung",
  },
  look: {
    language: "Sprache",
    theme: "Darstellung",
    system: "Wie das Gerät",
    light: "Hell",
    dark: "Dunkel",
  },
  trouble: {
    title: "Das hat nicht geklappt",
    retry: "Noch einmal versuchen",
    again: "Wir versuchen es auch von selbst weiter.",
    unreachable: "Der Laden ist nicht erreichbar. Besteht eine Verbindung?",
    away: "Dieser Teil des Ladens antwortet gerade nicht.",
    busy: "Gerade ist viel los. Bitte gleich noch einmal versuchen.",
    unexpected: "Hier ist etwas schiefgegangen. Es wurde notiert.",
    old: "Neuigkeiten waren gerade nicht zu bekommen. Was hier steht, ist einen Moment alt.",
    notFoundTitle: "Hier ist kein Stand",
    notFound: "Die gesuchte Seite gibt es nicht oder nicht mehr.",
    toHome: "Zum Eingang",
    brokenTitle: "Diese Seite ist kaputtgegangen",
    broken: "Das ist unser Fehler. Warenkorb und Bestellungen sind sicher.",
    reload: "Neu laden",
    dismiss: "Schließen",
  },
  problems: {
    forbidden: "Das ist Ihnen nicht erlaubt.",
    cross_site: "Zu Ihrer Sicherheit wurde das abgelehnt. Bitte die Seite neu laden.",
    unauthenticated: "Bitte zuerst anmelden.",
    session_ended: "Sie wurden abgemeldet. Bitte neu anmelden.",
    invalid: "Etwas von dem, was ausgefüllt wurde, passt nicht.",
    too_large: "Das ist zu viel auf einmal.",
  },
  catalog: {
    hello: "Frisch von den Ständen",
    helloText: "Spielzeug, das hält, Kleider für Pfützen und Süßes im Glas.",
    look: "Umsehen",
    categories: "Die Stände",
    newest: "Eben eingetroffen",
    all: "Alles in der Halle",
    from: (price) => `ab ${price}`,
    soldOut: "Ausverkauft",
    noPicture: "Kein Bild",
    away: "Die Regale können gerade nicht gezeigt werden. Warenkorb, Bestellungen und Anmeldung gehen weiter.",
    empty: "Hier ist noch nichts.",
  },
  cart: {
    title: "Warenkorb",
    count: (count) => plural(count, { one: "# Artikel", other: "# Artikel" }),
  },
  account: {
    signIn: "Anmelden",
    signOut: "Abmelden",
    signOutAway: "Abmelden geht gerade nicht. Bitte gleich noch einmal versuchen.",
    mine: "Ihr Konto",
    hello: (name) => `Hallo, ${name}`,
  },
  admin: {
    needed: "Dieser Teil ist für Ladenbesitzer",
    neededText: "Bitte mit einem Konto anmelden, das die Rolle „admin“ hat.",
  },
};
