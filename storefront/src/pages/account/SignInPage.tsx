import { useState } from "react";
import { useForm } from "react-hook-form";
import { Link, Navigate, useNavigate, useSearchParams } from "react-router";
import { signIn } from "@/session/session";
import { useUser } from "@/session/useUser";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Field } from "@/ui/Field";
import { Page } from "@/ui/Page";
import { anyPassword, text } from "@/ui/rules";
import styles from "./account.module.css";
import { nextOf } from "./next";
import { SignInTrouble } from "./SignInTrouble";

export function Component() {
  const { account } = useTexts();
  const user = useUser();
  const navigate = useNavigate();
  const [address] = useSearchParams();
  const next = nextOf(address);
  const [trouble, setTrouble] = useState<unknown>(null);
  const form = useForm({
    defaultValues: { email: "", password: "" },
  });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async ({ email, password }) => {
    setTrouble(null);
    try {
      await signIn(email.trim(), password);
      await navigate(next, { replace: true });
    } catch (error) {
      setTrouble(error);
    }
  });

  if (user && !isSubmitting) return <Navigate to={next} replace />;
  return (
    <Page title={account.signIn} narrow>
      <h1>{account.signIn}</h1>
      <form noValidate className={styles.form} onSubmit={submit}>
        {trouble !== null && <SignInTrouble error={trouble} />}
        <Field
          label={account.email}
          type="email"
          autoComplete="username"
          error={errors.email && account.wrong.email}
          {...form.register("email", text(1, 254))}
        />
        <Field
          label={account.password}
          type="password"
          autoComplete="current-password"
          error={errors.password && account.wrong.password}
          {...form.register("password", anyPassword)}
        />
        <Button look="main" type="submit" disabled={isSubmitting}>
          {isSubmitting ? account.signingIn : account.signIn}
        </Button>
      </form>
      <p>
        {account.noAccount} <Link to={`/register?${new URLSearchParams({ next })}`}>{account.register}</Link>
      </p>
    </Page>
  );
}
