import { useState } from "react";
import { useForm } from "react-hook-form";
import { answered, api } from "@/api/client";
import { isProblem } from "@/api/problems";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Notice } from "@/ui/Notice";
import { anyPassword, newPassword } from "@/ui/rules";
import styles from "./account.module.css";
import { SignInTrouble } from "./SignInTrouble";

export function PasswordForm() {
  const { account } = useTexts();
  const [trouble, setTrouble] = useState<unknown>(null);
  const form = useForm({
    mode: "onTouched",
    defaultValues: { current_password: "", password: "" },
  });
  const [isSaved, setSaved] = useState(false);
  const { errors, isSubmitting, isDirty } = form.formState;

  const submit = form.handleSubmit(async (typed) => {
    setTrouble(null);
    setSaved(false);
    try {
      await answered(api.PATCH("/api/users/me", { body: typed }));
      form.reset();
      setSaved(true);
    } catch (error) {
      setTrouble(error);
    }
  });

  return (
    <form noValidate className={styles.form} onSubmit={submit} aria-labelledby="password">
      <h2 id="password">{account.passwordChange}</h2>
      {isProblem(trouble, "wrong_password") ? (
        <Notice kind="error">{account.wrongPassword}</Notice>
      ) : (
        trouble !== null && <SignInTrouble error={trouble} />
      )}
      {isSaved && !isDirty && <Notice kind="good">{account.saved}</Notice>}
      <Field
        label={account.currentPassword}
        type="password"
        autoComplete="current-password"
        error={errors.current_password && account.wrong.password}
        {...form.register("current_password", anyPassword)}
      />
      <Field
        label={account.newPassword}
        hint={account.passwordHint}
        type="password"
        autoComplete="new-password"
        error={errors.password && account.wrong.newPassword}
        {...form.register("password", newPassword)}
      />
      <Button type="submit" disabled={isSubmitting}>
        {account.save}
      </Button>
    </form>
  );
}
