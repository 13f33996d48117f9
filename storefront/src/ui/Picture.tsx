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
  const shown = source?.startsWith("/") && !source.startsWith("//") && source !== failed ? source : null;
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

/** Widths that an upload is kept in are not known here yet: the one picture serves all. */
function srcSetOf(_source: string): string | undefined {
  return undefined;
}
