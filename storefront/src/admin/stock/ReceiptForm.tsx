import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { z } from "zod/mini";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import { TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Refused } from "../ui/Refused";
import { useReceive } from "./queries";

const MOST = 1_000_000_000;

interface ReceiptFormProps {
  sku: string;
  onDone: () => void;
}

/** Goods that came in, or a correction: less than there seemed to be. */
export function ReceiptForm({ sku, onDone }: ReceiptFormProps) {
  const { stock } = useAdminTexts();
  const receive = useReceive();
  const [key, setKey] = useState(newKey);
  const schema = z.object({
    quantity: z
      .pipe(
        z.string().check(z.trim(), z.regex(/^[+-]?\d{1,10}$/, stock.wholeNumber)),
        z.transform((text) => Number(text)),
      )
      .check(z.refine((value) => value !== 0 && Math.abs(value) <= MOST, stock.wholeNumber)),
    reference: z.string().check(z.trim(), z.maxLength(200, stock.tooLong(200))),
  });
  const { register, handleSubmit, reset, formState } = useForm({
    resolver: standardSchemaResolver(schema),
    defaultValues: { quantity: "", reference: "" },
  });
  const { errors } = formState;
  return (
    <form
      noValidate
      className={form.form}
      onSubmit={handleSubmit((values) =>
        receive.mutate(
          { sku, key, ...values },
          {
            onSuccess: () => {
              setKey(newKey());
              reset();
              onDone();
            },
          },
        ),
      )}
    >
      <TextField
        label={stock.quantity}
        hint={stock.quantityHint}
        inputMode="numeric"
        error={errors.quantity?.message}
        // What is typed next is another receipt.
        {...register("quantity", { onChange: () => setKey(newKey()) })}
      />
      <TextField
        label={stock.reference}
        hint={stock.referenceHint}
        error={errors.reference?.message}
        {...register("reference", { onChange: () => setKey(newKey()) })}
      />
      {receive.error && <Refused error={receive.error} away={stock.away} />}
      <div className={form.actions}>
        <Button look="main" type="submit" disabled={receive.isPending}>
          {stock.book}
        </Button>
      </div>
    </form>
  );
}

/** Not `randomUUID`: that is for pages over TLS only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
