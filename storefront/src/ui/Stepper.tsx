import { NumberField } from "@base-ui/react/number-field";
import { Minus, Plus } from "lucide-react";
import { useTexts } from "@/texts";
import styles from "./Stepper.module.css";

interface StepperProps {
  value: number;
  min?: number;
  max: number;
  label: string;
  disabled?: boolean;
  onChange: (value: number) => void;
}

/** A whole number, to be typed or stepped. */
export function Stepper({ value, min = 1, max, label, disabled = false, onChange }: StepperProps) {
  const { product } = useTexts();
  return (
    <NumberField.Root
      value={value}
      min={min}
      max={max}
      disabled={disabled}
      format={{ maximumFractionDigits: 0, useGrouping: false }}
      onValueChange={(to) => {
        if (to !== null) onChange(to);
      }}
    >
      <NumberField.Group className={styles.group ?? ""}>
        <NumberField.Decrement className={styles.step ?? ""} aria-label={`${product.less}: ${label}`}>
          <Minus aria-hidden size={18} />
        </NumberField.Decrement>
        <NumberField.Input className={styles.input ?? ""} aria-label={label} />
        <NumberField.Increment className={styles.step ?? ""} aria-label={`${product.more}: ${label}`}>
          <Plus aria-hidden size={18} />
        </NumberField.Increment>
      </NumberField.Group>
    </NumberField.Root>
  );
}
