import { Trash2 } from "lucide-react";
import { useFieldArray, useFormContext, useWatch } from "react-hook-form";
import { Link } from "react-router";
import type { Product } from "@/api/client";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import { SelectField, TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Panel } from "../ui/Panel";
import { type Draft, valuesOf } from "./draft";
import styles from "./Rows.module.css";

/** What is sold: each has a number of its own, a price, and stock. */
export function Variants({ currency, product }: { currency: string; product: Product | null }) {
  const { products } = useAdminTexts();
  const { control, register, formState } = useFormContext<Draft>();
  const { fields, append, remove } = useFieldArray({ control, name: "variants" });
  const options = useWatch({ control, name: "options" });
  const errors = formState.errors.variants;
  return (
    <Panel title={products.variants}>
      {fields.map(({ id, sku }, place) => (
        <fieldset key={id} className={styles.variant}>
          <legend className="visually-hidden">{products.variant(place + 1)}</legend>
          <TextField
            label={products.sku}
            error={errors?.[place]?.sku?.message}
            {...register(`variants.${place}.sku`)}
          />
          {options.map((option, number) => (
            <SelectField
              // biome-ignore lint/suspicious/noArrayIndexKey: they are told apart by their place
              key={number}
              label={option.name || products.optionName}
              {...register(`variants.${place}.values.${number}`)}
            >
              <option value="">{products.choose}</option>
              {valuesOf(option.values).map((value) => (
                <option key={value} value={value}>
                  {value}
                </option>
              ))}
            </SelectField>
          ))}
          <TextField
            label={products.price(currency)}
            inputMode="decimal"
            error={errors?.[place]?.price?.message}
            {...register(`variants.${place}.price`)}
          />
          <Stock sku={sku} product={product} />
          <Button
            look="quiet"
            className={styles.remove ?? ""}
            aria-label={products.removeVariant(place + 1)}
            disabled={fields.length === 1}
            onClick={() => remove(place)}
          >
            <Trash2 aria-hidden size={18} />
          </Button>
        </fieldset>
      ))}
      {errors?.root?.message && <p role="alert">{errors.root.message}</p>}
      <div className={form.actions}>
        <Button onClick={() => append({ sku: "", price: "", values: options.map(() => "") })}>
          {products.addVariant}
        </Button>
      </div>
    </Panel>
  );
}

function Stock({ sku, product }: { sku: string; product: Product | null }) {
  const { products } = useAdminTexts();
  const { number } = useSpeech();
  const variant = product?.variants.find((one) => one.sku === sku);
  if (!variant) return null;
  const { available = null } = variant;
  return (
    <div className={styles.stock}>
      <span>{products.stock}</span>
      <Link to={`/admin/stock/${sku}`}>
        {available === null ? products.stockUnknown : products.available(number(available))}
      </Link>
    </div>
  );
}
