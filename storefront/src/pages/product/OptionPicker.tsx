import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";
import { useId } from "react";
import type { Product, Schemas } from "@/api/client";
import { type Choice, stateOf } from "@/catalog/choice";
import { useTexts } from "@/texts";
import styles from "./OptionPicker.module.css";

interface OptionPickerProps {
  product: Product;
  option: Schemas["OptionView"];
  choice: Choice;
  onPick: (value: string) => void;
}

/** All values of one option; those that are sold out, or not made with what else is chosen, say so and can be chosen nevertheless. */
export function OptionPicker({ product, option, choice, onPick }: OptionPickerProps) {
  const texts = useTexts();
  const id = useId();
  return (
    <div className={styles.picker}>
      <span id={id} className={styles.name}>
        <span className={styles.option}>{option.name}</span>
        {choice[option.name] !== undefined && <span className={styles.chosen}>{choice[option.name]}</span>}
      </span>
      <RadioGroup
        aria-labelledby={id}
        className={styles.values ?? ""}
        value={choice[option.name] ?? ""}
        onValueChange={(value) => onPick(String(value))}
      >
        {option.values.map((value) => {
          const state = stateOf(product, choice, option.name, value);
          const note = {
            available: "",
            "sold-out": texts.product.soldOutChoice,
            "not-made": texts.product.notMade,
          }[state];
          return (
            <Radio.Root
              key={value}
              value={value}
              className={styles.value ?? ""}
              data-state={state}
              title={note || undefined}
              aria-label={note ? `${value}, ${note}` : value}
            >
              {value}
            </Radio.Root>
          );
        })}
      </RadioGroup>
    </div>
  );
}
