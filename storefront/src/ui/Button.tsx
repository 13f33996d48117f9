import type { ComponentProps } from "react";
import { Link, type LinkProps } from "react-router";
import styles from "./Button.module.css";
import { classes } from "./classes";

export type Look = "main" | "plain" | "quiet" | "danger";

interface Looks {
  look?: Look;
  wide?: boolean;
}

export function Button({
  look = "plain",
  wide,
  className,
  type = "button",
  ...rest
}: ComponentProps<"button"> & Looks) {
  return <button type={type} className={buttonClass(look, wide, className)} {...rest} />;
}

/** Looks like a button, and leads somewhere. */
export function ButtonLink({ look = "plain", wide, className, ...rest }: LinkProps & Looks) {
  return <Link className={buttonClass(look, wide, className)} {...rest} />;
}

export function buttonClass(look: Look, wide?: boolean, more?: string): string {
  return classes(styles.button, styles[look], wide && styles.wide, more);
}
