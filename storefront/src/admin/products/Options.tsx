import { Trash2 } from "lucide-react";
import { useFieldArray, useFormContext } from "react-hook-form";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import { TextArea, TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Panel } from "../ui/Panel";
import { type Draft, missingVariants } from "./draft";
import styles from "./Rows.module.css";

/** What one chooses between, such as sizes. */
export function Options() {
  const { products } = useAdminTexts();
  const { control, register, formState, getValues, setValue } = useFormContext<Draft>();
  const { fields, append, remove } = useFieldArray({ control, name: "options" });

  /** The variants lose their value of it, too. */
  function leave(place: number): void {
    setValue(
      "variants",
      getValues("variants").map((variant) => ({
        ...variant,
        values: variant.values.filter((_, other) => other !== place),
      })),
      { shouldDirty: true },
    );
    remove(place);
  }

  /** A lone variant that says nothing of the options makes way for those that do. */
  function makeVariants(): void {
    const draft = getValues();
    const kept = draft.variants.filter(({ values }) => draft.options.every((_, place) => values[place]));
    setValue(
      "variants",
      [...kept, ...missingVariants({ ...draft, variants: kept.length > 0 ? kept : priced(draft) })],
      {
        shouldDirty: true,
      },
    );
  }

  return (
    <Panel title={products.options}>
      <p className={form.quiet}>{products.optionsText}</p>
      {fields.map(({ id }, place) => (
        <div key={id} className={styles.option}>
          <TextField
            label={products.optionName}
            placeholder={products.optionExample}
            error={formState.errors.options?.[place]?.name?.message}
            {...register(`options.${place}.name`)}
          />
          <TextArea
            label={products.optionValues}
            rows={3}
            error={formState.errors.options?.[place]?.values?.message}
            {...register(`options.${place}.values`)}
          />
          <Button look="quiet" aria-label={products.removeOption(place + 1)} onClick={() => leave(place)}>
            <Trash2 aria-hidden size={18} />
          </Button>
        </div>
      ))}
      <div className={form.actions}>
        <Button onClick={() => append({ name: "", values: "" })}>{products.addOption}</Button>
        {fields.length > 0 && <Button onClick={makeVariants}>{products.makeVariants}</Button>}
      </div>
    </Panel>
  );
}

/** Nothing to keep but the price that was typed already. */
function priced(draft: Draft): Draft["variants"] {
  return [{ sku: "", price: draft.variants[0]?.price ?? "", values: ["\0"] }];
}
