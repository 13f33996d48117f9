import { useState } from "react";
import { useForm } from "react-hook-form";
import { Link, Navigate, useNavigate, useSearchParams } from "react-router";
import { answered, api } from "@/api/client";
import { isProblem } from "@/api/problems";
import { signIn } from "@/session/session";
import { useUser } from "@/session/useUser";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Page } from "@/ui/Page";
import { email, name, newPassword, trimmed } from "@/ui/rules";
import styles from "./account.module.css";
import { nextOf } from "./next";
import { SignInTrouble } from "./SignInTrouble";

interface Registration {
  name: string;
  email: string;
  password: string;
}

/** A new account, and signed in to it at once. */
export function Component() {
  const { account } = useTexts();
  const user = useUser();
  const navigate = useNavigate();
  const [address] = useSearchParams();
  const next = nextOf(address);
  const [trouble, setTrouble] = useState<unknown>(null);
  const form = useForm<Registration>({
    mode: "onTouched",
    defaultValues: { name: "", email: "", password: "" },
  });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async ({ password, ...who }) => {
    const typed = { ...trimmed(who), password };
    setTrouble(null);
    try {
      await answered(api.POST("/api/users", { body: typed })).catch((error: unknown) => {
        // A first try whose answer was lost has made the account: signing in tells whether it is this one.
        if (!isProblem(error, "email_taken")) throw error;
        return signIn(typed.email, typed.password).catch(() => {
          throw error;
        });
      });
      await signIn(typed.email, typed.password);
      await navigate(next, { replace: true });
    } catch (error) {
      for (const { field } of isProblem(error) ? error.fields : []) {
        if (field in typed) form.setError(field as keyof Registration, { type: "refused" });
      }
      setTrouble(error);
    }
  });

  if (user && !isSubmitting) return <Navigate to={next} replace />;
  return (
    <Page title={account.register} narrow>
      <h1>{account.register}</h1>
      <form noValidate className={styles.form} onSubmit={submit}>
        {trouble !== null && <SignInTrouble error={trouble} />}
        <Field
          label={account.name}
          autoComplete="name"
          error={errors.name && account.wrong.name}
          {...form.register("name", name)}
        />
        <Field
          label={account.email}
          type="email"
          autoComplete="username"
          error={errors.email && account.wrong.email}
          {...form.register("email", email)}
        />
        <Field
          label={account.password}
          hint={account.passwordHint}
          type="password"
          autoComplete="new-password"
          error={errors.password && account.wrong.newPassword}
          {...form.register("password", newPassword)}
        />
        <Button look="main" type="submit" disabled={isSubmitting}>
          {isSubmitting ? account.registering : account.register}
        </Button>
      </form>
      <p>
        {account.hasAccount} <Link to={`/sign-in?${new URLSearchParams({ next })}`}>{account.signIn}</Link>
      </p>
    </Page>
  );
}
