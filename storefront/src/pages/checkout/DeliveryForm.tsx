import { useEffect } from "react";
import { useForm } from "react-hook-form";
import { Link } from "react-router";
import type { User } from "@/api/client";
import type { Problem } from "@/api/problems";
import { draft, keepDraft } from "@/checkout/draft";
import { COUNTRIES, type Delivery, emptyDelivery, fieldOf, rules } from "@/checkout/form";
import { useSpeech } from "@/texts";
import { ChoiceField, Field } from "@/ui/Field";
import styles from "./DeliveryForm.module.css";

export const FORM = "delivery";

interface DeliveryFormProps {
  user: User | null;
  isPlacing: boolean;
  /** A refusal that may name fields. */
  problem: Problem | null;
  onSubmit: (typed: Delivery) => void;
}

/** E-mail and address. Its button stands in the summary. */
export function DeliveryForm({ user, isPlacing, problem, onSubmit }: DeliveryFormProps) {
  const { texts, language, country } = useSpeech();
  const userId = user?.id ?? null;
  const form = useForm<Delivery>({
    mode: "onTouched",
    defaultValues: { ...emptyDelivery, email: user?.email ?? "", name: user?.name ?? "", ...draft(userId) },
  });
  const { errors } = form.formState;

  useEffect(
    () =>
      form.subscribe({ formState: { values: true }, callback: ({ values }) => keepDraft(userId, values) }),
    [form, userId],
  );

  useEffect(() => {
    for (const { field } of problem?.fields ?? []) {
      const name = fieldOf(field);
      if (name) form.setError(name, { type: "refused" });
    }
  }, [problem, form]);

  const words = texts.checkout;
  const wrong = (name: keyof Delivery) => errors[name] && words.wrong[name];
  const countries = COUNTRIES.map((code) => ({ code, name: country(code) })).sort((one, other) =>
    one.name.localeCompare(other.name, language),
  );
  return (
    <form id={FORM} noValidate className={styles.form} onSubmit={form.handleSubmit(onSubmit)}>
      <fieldset disabled={isPlacing} className={styles.part}>
        <legend>{words.who}</legend>
        {!user && (
          <p className={styles.hint}>
            {words.guest} <Link to="/sign-in?next=/checkout">{texts.account.signIn}</Link>
          </p>
        )}
        <Field
          label={words.email}
          hint={words.emailHint}
          type="email"
          autoComplete="email"
          error={wrong("email")}
          {...form.register("email", rules.email)}
        />
      </fieldset>
      <fieldset disabled={isPlacing} className={styles.part}>
        <legend>{words.where}</legend>
        <Field
          label={words.name}
          autoComplete="name"
          error={wrong("name")}
          {...form.register("name", rules.name)}
        />
        <Field
          label={words.line1}
          autoComplete="address-line1"
          error={wrong("line1")}
          {...form.register("line1", rules.line1)}
        />
        <Field
          label={words.line2}
          autoComplete="address-line2"
          error={wrong("line2")}
          {...form.register("line2", rules.line2)}
        />
        <div className={styles.row}>
          <Field
            label={words.postal_code}
            autoComplete="postal-code"
            error={wrong("postal_code")}
            {...form.register("postal_code", rules.postal_code)}
          />
          <Field
            label={words.city}
            autoComplete="address-level2"
            error={wrong("city")}
            {...form.register("city", rules.city)}
          />
        </div>
        <ChoiceField
          label={words.country}
          autoComplete="country"
          error={wrong("country")}
          {...form.register("country", rules.country)}
        >
          <option value="">{words.choose}</option>
          {countries.map(({ code, name }) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </ChoiceField>
      </fieldset>
    </form>
  );
}
