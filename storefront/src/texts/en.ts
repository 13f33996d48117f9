import { pluralOf } from "./plural";

const plural = pluralOf("en");

/** Every text of the buyers' pages. Other languages have the same members. */
export const en = {
  shop: {
    name: "Markethall",
    claim: "Open every day, whatever happens.",
    skip: "Skip to the content",
    home: "Home",
    allProducts: "Everything",
    menu: "Categories",
    footer: "A market hall has many stalls under one roof: when one closes, the others go on trading.",
    docs: "API for developers",
    opening: "Opening …",
    admin: "Back office",
  },
  look: {
    language: "Language",
    theme: "Appearance",
    system: "As the device",
    light: "Light",
    dark: "Dark",
  },
  trouble: {
    title: "That did not work",
    retry: "Try again",
    again: "We keep trying by ourselves, too.",
    unreachable: "The shop cannot be reached. Is there a connection?",
    away: "This part of the shop does not answer just now.",
    busy: "There is a lot going on just now. Try again in a moment.",
    unexpected: "Something went wrong here. It has been noted.",
    old: "We could not look for news just now. What you see is from a moment ago.",
    notFoundTitle: "There is no stall here",
    notFound: "The page you asked for is not, or no longer, there.",
    toHome: "To the entrance",
    brokenTitle: "This page broke",
    broken: "That is our fault. Your cart and your orders are safe.",
    reload: "Load it again",
    dismiss: "Close",
  },
  /** By the code of a problem. */
  problems: {
    forbidden: "You are not allowed to do that.",
    cross_site: "For your safety this was refused. Load the page again.",
    unauthenticated: "Please sign in first.",
    session_ended: "You were signed out. Please sign in again.",
    invalid: "Something that was filled in does not fit.",
    too_large: "That is too much at once.",
  },
  catalog: {
    hello: "Fresh from the stalls",
    helloText: "Toys that last, clothes for puddles, and sweets by the jar.",
    look: "Look around",
    categories: "The stalls",
    newest: "Just in",
    all: "Everything in the hall",
    from: (price: string) => `from ${price}`,
    soldOut: "Sold out",
    noPicture: "No picture",
    away: "The shelves cannot be shown just now. Carts, orders and signing in still work.",
    empty: "Nothing here yet.",
  },
  cart: {
    title: "Your cart",
    count: (count: number) => plural(count, { one: "# item", other: "# items" }),
  },
  account: {
    signIn: "Sign in",
    signOut: "Sign out",
    signOutAway: "Signing out is not possible just now. Try again in a moment.",
    mine: "Your account",
    hello: (name: string) => `Hello, ${name}`,
  },
  admin: {
    needed: "This part is for shopkeepers",
    neededText: "Sign in with an account that has the role “admin”.",
  },
};

export type Texts = typeof en;
