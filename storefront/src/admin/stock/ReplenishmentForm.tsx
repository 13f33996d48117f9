import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useForm } from "react-hook-form";
import { z } from "zod/mini";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import { TextField } from "../ui/Fields";
import form from "../ui/Form.module.css";
import { Refused } from "../ui/Refused";
import { type Replenishment, useReplenish } from "./queries";

const MOST = 1_000_000_000;
const YEAR_SECONDS = 31_622_400;

/** Tops the stock up to a target, again and again. */
export function ReplenishmentForm({ sku, now }: { sku: string; now: Replenishment | null }) {
  const { stock } = useAdminTexts();
  const { dateTime } = useSpeech();
  const replenish = useReplenish(sku);
  const whole = (most: number) =>
    z
      .pipe(
        z.string().check(z.trim(), z.regex(/^\d{1,10}$/, stock.positive)),
        z.transform((text) => Number(text)),
      )
      .check(z.refine((value) => value >= 1 && value <= most, stock.positive));
  const { register, handleSubmit, formState } = useForm({
    resolver: standardSchemaResolver(
      z.object({ target: whole(MOST), interval_seconds: whole(YEAR_SECONDS) }),
    ),
    values: {
      target: String(now?.target ?? ""),
      interval_seconds: String(now?.interval_seconds ?? ""),
    },
    resetOptions: { keepDirtyValues: true },
  });
  const { errors } = formState;
  return (
    <form noValidate className={form.form} onSubmit={handleSubmit((values) => replenish.mutate(values))}>
      <p className={form.quiet}>{now ? stock.nextAt(dateTime(now.next_at)) : stock.notReplenished}</p>
      <div className={form.row}>
        <TextField
          label={stock.target}
          inputMode="numeric"
          error={errors.target?.message}
          {...register("target")}
        />
        <TextField
          label={stock.interval}
          inputMode="numeric"
          error={errors.interval_seconds?.message}
          {...register("interval_seconds")}
        />
      </div>
      {replenish.error && <Refused error={replenish.error} away={stock.away} />}
      <div className={form.actions}>
        <Button type="submit" disabled={replenish.isPending}>
          {stock.replenish}
        </Button>
        {now && (
          <Button look="quiet" disabled={replenish.isPending} onClick={() => replenish.mutate(null)}>
            {stock.stop}
          </Button>
        )}
      </div>
    </form>
  );
}
