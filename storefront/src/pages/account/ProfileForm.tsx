import { useState } from "react";
import { useForm } from "react-hook-form";
import { answered, api, type User } from "@/api/client";
import { userHasChanged } from "@/session/session";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Notice } from "@/ui/Notice";
import { email, name, trimmed } from "@/ui/rules";
import styles from "./account.module.css";
import { SignInTrouble } from "./SignInTrouble";

export function ProfileForm({ user }: { user: User }) {
  const { account } = useTexts();
  const [trouble, setTrouble] = useState<unknown>(null);
  const form = useForm({
    mode: "onTouched",
    defaultValues: { name: user.name, email: user.email },
  });
  const [isSaved, setSaved] = useState(false);
  const { errors, isSubmitting, isDirty } = form.formState;

  const submit = form.handleSubmit(async (values) => {
    const typed = trimmed(values);
    setTrouble(null);
    setSaved(false);
    try {
      const changed = await answered(api.PATCH("/api/users/me", { body: typed }));
      userHasChanged({ id: changed.id, name: changed.name, email: changed.email, roles: changed.roles });
      form.reset(typed);
      setSaved(true);
    } catch (error) {
      setTrouble(error);
    }
  });

  return (
    <form noValidate className={styles.form} onSubmit={submit} aria-labelledby="profile">
      <h2 id="profile">{account.profile}</h2>
      {trouble !== null && <SignInTrouble error={trouble} />}
      {isSaved && !isDirty && <Notice kind="good">{account.saved}</Notice>}
      <Field
        label={account.name}
        autoComplete="name"
        error={errors.name && account.wrong.name}
        {...form.register("name", name)}
      />
      <Field
        label={account.email}
        type="email"
        autoComplete="email"
        error={errors.email && account.wrong.email}
        {...form.register("email", email)}
      />
      <Button look="main" type="submit" disabled={isSubmitting || !isDirty}>
        {account.save}
      </Button>
    </form>
  );
}
