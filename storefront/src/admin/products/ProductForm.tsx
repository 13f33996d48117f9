import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useMemo } from "react";
import { Controller, FormProvider, useForm } from "react-hook-form";
import type { Product } from "@/api/client";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { CategorySelect } from "../categories/CategorySelect";
import { useAdminTexts } from "../texts";
import { TextArea, TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Panel } from "../ui/Panel";
import { Refused } from "../ui/Refused";
import { Attributes } from "./Attributes";
import type { Draft } from "./draft";
import { Options } from "./Options";
import { Pictures } from "./Pictures";
import { rulesOf } from "./rules";
import { Variants } from "./Variants";

interface ProductFormProps {
  draft: Draft;
  currency: string;
  /** Null: it is new. */
  product: Product | null;
  error: unknown;
  isBusy: boolean;
  onSave: (draft: Draft) => void;
}

export function ProductForm({ draft, currency, product, error, isBusy, onSave }: ProductFormProps) {
  const { products } = useAdminTexts();
  const resolver = useMemo(() => standardSchemaResolver(rulesOf(products, currency)), [products, currency]);
  const fields = useForm<Draft>({ resolver, defaultValues: draft });
  const { errors } = fields.formState;
  return (
    <FormProvider {...fields}>
      <form noValidate className={form.columns} onSubmit={fields.handleSubmit(onSave)}>
        <div className={form.column}>
          <Panel title={products.whatItIs}>
            <div className={form.form}>
              <TextField label={products.name} error={errors.name?.message} {...fields.register("name")} />
              <TextArea
                label={products.description}
                error={errors.description?.message}
                {...fields.register("description")}
              />
            </div>
          </Panel>
          <Options />
          <Variants currency={currency} product={product} />
        </div>
        <div className={form.column}>
          <Panel title={products.where}>
            <div className={form.form}>
              <Controller
                name="category"
                render={({ field: { value, onChange } }) => (
                  <CategorySelect
                    label={products.category}
                    value={value}
                    none={products.noCategory}
                    onChange={onChange}
                  />
                )}
              />
              <TextField
                label={products.slug}
                hint={products.slugHint}
                error={errors.slug?.message}
                {...fields.register("slug")}
              />
            </div>
          </Panel>
          <Pictures />
          <Attributes />
          {Object.keys(errors).length > 0 && <Notice kind="error">{products.invalid}</Notice>}
          {Boolean(error) && <Refused error={error} away={products.away} />}
          <Button look="main" wide type="submit" disabled={isBusy}>
            {product ? products.save : products.create}
          </Button>
        </div>
      </form>
    </FormProvider>
  );
}
