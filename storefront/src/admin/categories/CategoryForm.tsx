import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { Controller, useForm } from "react-hook-form";
import { z } from "zod/mini";
import type { Category } from "@/api/client";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import { TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Refused } from "../ui/Refused";
import { CategorySelect } from "./CategorySelect";
import { useSaveCategory } from "./queries";

const LAST = 1_000_000;

/** A new category, where none is given. */
export function CategoryForm({ category, onDone }: { category: Category | null; onDone: () => void }) {
  const { categories: texts } = useAdminTexts();
  const save = useSaveCategory(category);
  const schema = z.object({
    name: z.string().check(z.trim(), z.minLength(1, texts.needed), z.maxLength(200, texts.tooLong(200))),
    parent: z.pipe(
      z.string(),
      z.transform((slug) => slug || null),
    ),
    position: z
      .pipe(
        z.string().check(z.trim(), z.regex(/^\d{1,7}$/, texts.positionForm)),
        z.transform((text) => Number(text)),
      )
      .check(z.refine((position) => position <= LAST, texts.positionForm)),
  });
  const { control, register, handleSubmit, formState } = useForm({
    resolver: standardSchemaResolver(schema),
    defaultValues: {
      name: category?.name ?? "",
      parent: category?.parent ?? "",
      position: String(category?.position ?? 0),
    },
  });
  const { errors } = formState;
  return (
    <form
      noValidate
      className={form.form}
      onSubmit={handleSubmit((wanted) => save.mutate(wanted, { onSuccess: onDone }))}
    >
      <TextField label={texts.name} error={errors.name?.message} {...register("name")} />
      <Controller
        control={control}
        name="parent"
        render={({ field: { value, onChange } }) => (
          <CategorySelect
            label={texts.parent}
            value={value}
            none={texts.top}
            without={category}
            onChange={onChange}
          />
        )}
      />
      <TextField
        label={texts.position}
        hint={texts.positionHint}
        inputMode="numeric"
        error={errors.position?.message}
        {...register("position")}
      />
      {save.error && <Refused error={save.error} away={texts.away} />}
      <div className={form.actions}>
        <Button look="main" type="submit" disabled={save.isPending}>
          {texts.save}
        </Button>
      </div>
    </form>
  );
}
