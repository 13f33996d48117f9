import { Trash2 } from "lucide-react";
import { useFieldArray, useFormContext } from "react-hook-form";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import { TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Panel } from "../ui/Panel";
import type { Draft } from "./draft";
import styles from "./Rows.module.css";

/** What else there is to say, such as the material. */
export function Attributes() {
  const { products } = useAdminTexts();
  const { control, register, formState } = useFormContext<Draft>();
  const { fields, append, remove } = useFieldArray({ control, name: "attributes" });
  return (
    <Panel title={products.attributes}>
      {fields.map(({ id }, place) => (
        <div key={id} className={styles.attribute}>
          <TextField
            label={products.attributeName}
            error={formState.errors.attributes?.[place]?.name?.message}
            {...register(`attributes.${place}.name`)}
          />
          <TextField label={products.attributeValue} {...register(`attributes.${place}.value`)} />
          <Button look="quiet" aria-label={products.removeAttribute(place + 1)} onClick={() => remove(place)}>
            <Trash2 aria-hidden size={18} />
          </Button>
        </div>
      ))}
      <div className={form.actions}>
        <Button onClick={() => append({ name: "", value: "", kind: "string" })}>
          {products.addAttribute}
        </Button>
      </div>
    </Panel>
  );
}
