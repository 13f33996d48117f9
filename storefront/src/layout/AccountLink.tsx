import { UserRound } from "lucide-react";
import { useUser } from "@/session/useUser";
import { useTexts } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import styles from "./AccountLink.module.css";

export function AccountLink() {
  const user = useUser();
  const texts = useTexts();
  const words = user ? texts.account.mine : texts.account.signIn;
  return (
    <ButtonLink
      look="quiet"
      to={user ? "/account" : "/sign-in"}
      aria-label={user ? `${words}: ${user.name}` : words}
      title={words}
    >
      <UserRound aria-hidden size={22} />
      <span className={styles.words}>{user ? user.name : words}</span>
    </ButtonLink>
  );
}
