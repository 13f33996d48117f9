import { useMutation } from "@tanstack/react-query";
import { Navigate, useNavigate } from "react-router";
import { queries } from "@/queries";
import { signOut } from "@/session/signOut";
import { useIsAdmin, useUser } from "@/session/useUser";
import { useTexts } from "@/texts";
import { Button, ButtonLink } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import styles from "./account.module.css";
import { EraseAccount } from "./EraseAccount";
import { PasswordForm } from "./PasswordForm";
import { ProfileForm } from "./ProfileForm";

export function Component() {
  const { account, order, shop } = useTexts();
  const user = useUser();
  const isAdmin = useIsAdmin();
  const navigate = useNavigate();
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      queries.clear();
      await navigate("/");
    },
  });
  if (!user) return <Navigate to="/sign-in" replace />;
  return (
    <Page title={account.mine} narrow>
      <h1>{account.hello(user.name)}</h1>
      <div className={styles.tools}>
        <ButtonLink look="main" to="/orders">
          {order.list}
        </ButtonLink>
        {isAdmin && <ButtonLink to="/admin">{shop.admin}</ButtonLink>}
        <Button disabled={leave.isPending} onClick={() => leave.mutate()}>
          {account.signOut}
        </Button>
      </div>
      {leave.error && <Notice kind="warning">{account.signOutAway}</Notice>}
      <ProfileForm user={user} />
      <PasswordForm />
      <EraseAccount />
    </Page>
  );
}
