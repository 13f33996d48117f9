import { type ComponentProps, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { classes } from "@/ui/classes";
import styles from "./Fields.module.css";

interface FieldProps {
  label: string;
  /** Beside what may be typed. */
  hint?: ReactNode;
  error?: string | undefined;
  /** The label is there for screen readers only. */
  bare?: boolean;
  className?: string | undefined;
}

function useField({ hint, error }: FieldProps) {
  const id = useId();
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return {
    id,
    described: {
      id,
      "aria-invalid": error ? true : undefined,
      "aria-describedby": notes || undefined,
    },
  };
}

function Frame({ id, field, children }: { id: string; field: FieldProps; children: ReactNode }) {
  return (
    <div className={classes(styles.field, field.className)}>
      <label htmlFor={id} className={field.bare ? "visually-hidden" : styles.label}>
        {field.label}
      </label>
      {children}
      {field.hint && (
        <span id={`${id}-hint`} className={styles.hint}>
          {field.hint}
        </span>
      )}
      {field.error && (
        <span id={`${id}-error`} className={styles.error}>
          {field.error}
        </span>
      )}
    </div>
  );
}

export function TextField({
  label,
  hint,
  error,
  bare,
  className,
  ...rest
}: FieldProps & ComponentProps<"input">) {
  const field: FieldProps = { label, hint, className, ...(error && { error }), ...(bare && { bare }) };
  const { id, described } = useField(field);
  return (
    <Frame id={id} field={field}>
      <input type="text" autoComplete="off" {...rest} {...described} className={styles.input} />
    </Frame>
  );
}

export function TextArea({
  label,
  hint,
  error,
  bare,
  className,
  ...rest
}: FieldProps & ComponentProps<"textarea">) {
  const field: FieldProps = { label, hint, className, ...(error && { error }), ...(bare && { bare }) };
  const { id, described } = useField(field);
  return (
    <Frame id={id} field={field}>
      <textarea rows={5} {...rest} {...described} className={classes(styles.input, styles.area)} />
    </Frame>
  );
}

export function SelectField({
  label,
  hint,
  error,
  bare,
  className,
  ...rest
}: FieldProps & ComponentProps<"select">) {
  const field: FieldProps = { label, hint, className, ...(error && { error }), ...(bare && { bare }) };
  const { id, described } = useField(field);
  return (
    <Frame id={id} field={field}>
      <select {...rest} {...described} className={styles.input} />
    </Frame>
  );
}

const SETTLED_MS = 300;

interface SearchFieldProps extends Omit<ComponentProps<"input">, "value" | "onChange"> {
  label: string;
  value: string;
  /** Called when nothing was typed for a moment. */
  onSettled: (value: string) => void;
}

/** Narrows a list while one types. */
export function SearchField({ value, onSettled, ...rest }: SearchFieldProps) {
  const [draft, setDraft] = useState(value);
  const told = useRef(value);
  const tell = useRef(onSettled);
  tell.current = onSettled;
  // Changed by the address: by Back, or by clearing all filters.
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setDraft(value);
  }, [value]);
  useEffect(() => {
    if (draft === told.current) return;
    const timer = setTimeout(() => {
      told.current = draft.trim();
      tell.current(draft.trim());
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  }, [draft]);
  return (
    <TextField type="search" {...rest} value={draft} onChange={(event) => setDraft(event.target.value)} />
  );
}
