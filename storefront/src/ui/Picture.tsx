import { ToyBrick } from "lucide-react";
import { useState } from "react";
import { classes } from "./classes";
import styles from "./Picture.module.css";

interface PictureProps {
  /** An address of this shop; pictures of other hosts are not loaded. Null: there is none. */
  source: string | null | undefined;
  alt: string;
  /** As the attribute `sizes`. */
  sizes: string;
  /** The first thing that is looked at: it is not put off until it is near. */
  first?: boolean;
  className?: string;
}

/** A square picture that takes its room before it is there. */
export function Picture({ source, alt, sizes, first = false, className }: PictureProps) {
  const [failed, setFailed] = useState<string | null>(null);
  const shown = source && isOurs(source) && source !== failed ? source : null;
  return (
    <span className={classes(styles.frame, className)}>
      {shown ? (
        <img
          className={styles.image}
          src={shown}
          {...(srcSetOf(shown) && { srcSet: srcSetOf(shown), sizes })}
          alt={alt}
          width={640}
          height={640}
          loading={first ? "eager" : "lazy"}
          fetchPriority={first ? "high" : "auto"}
          decoding="async"
          onError={() => setFailed(shown)}
        />
      ) : (
        <ToyBrick aria-hidden className={styles.none} strokeWidth={1.3} />
      )}
    </span>
  );
}

/** Not all that begins with a slash stays on this host: `//` and `/\\` do not. */
export function isOurs(source: string): boolean {
  return source.startsWith("/") && URL.parse(source, location.origin)?.origin === location.origin;
}

const UPLOAD = /^\/media\/[^/]+-(\d+)x\d+\/1280\.webp$/;
const WIDTHS = [320, 640, 1280];

/** An upload's address tells how wide it is, and it is kept in three widths; any other picture is one file. */
export function srcSetOf(source: string): string | undefined {
  const width = Number(UPLOAD.exec(source)?.[1]);
  if (!width) return undefined;
  return WIDTHS.map((one) => `${source.replace("1280.webp", `${one}.webp`)} ${Math.min(one, width)}w`).join(
    ", ",
  );
}
