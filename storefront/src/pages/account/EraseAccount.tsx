import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { answered, api } from "@/api/client";
import { isProblem } from "@/api/problems";
import { forgetDraft } from "@/checkout/draft";
import { queries } from "@/queries";
import { sessionIsOver } from "@/session/session";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Question } from "@/ui/Question";
import { wordsFor } from "@/ui/Trouble";
import styles from "./account.module.css";

/** For good, after a question. Orders stay, without the person. */
export function EraseAccount() {
  const texts = useTexts();
  const { account } = texts;
  const navigate = useNavigate();
  const [isOpen, setOpen] = useState(false);
  const erase = useMutation({
    mutationFn: () => answered(api.DELETE("/api/users/me")),
    onSuccess: async () => {
      await navigate("/");
      sessionIsOver();
      forgetDraft();
      queries.clear();
    },
  });
  const trouble = isProblem(erase.error, "last_admin")
    ? account.lastAdmin
    : erase.error && wordsFor(erase.error, texts, account.away);
  return (
    <section className={styles.form} aria-labelledby="erase">
      <h2 id="erase">{account.erase}</h2>
      <p>{account.eraseText}</p>
      <Button look="danger" onClick={() => setOpen(true)}>
        {account.erase}
      </Button>
      <Question
        isOpen={isOpen}
        onOpen={setOpen}
        title={account.eraseTitle}
        text={account.eraseText}
        trouble={trouble}
        yes={account.eraseYes}
        no={account.eraseNo}
        isPending={erase.isPending}
        onYes={() => erase.mutate()}
      />
    </section>
  );
}
