import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Button, buttonClass } from "./Button";
import { Notice } from "./Notice";
import type { QuestionProps } from "./Question";
import styles from "./QuestionDialog.module.css";

export default function QuestionDialog(props: QuestionProps) {
  const { isOpen, onOpen, title, text, trouble, yes, no, isPending, onYes } = props;
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={onOpen}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop ?? ""} />
        <AlertDialog.Popup className={styles.popup ?? ""}>
          <AlertDialog.Title className={styles.title ?? ""}>{title}</AlertDialog.Title>
          <AlertDialog.Description>{text}</AlertDialog.Description>
          {trouble && <Notice kind="warning">{trouble}</Notice>}
          <div className={styles.tools}>
            <Button look="danger" disabled={isPending} onClick={onYes}>
              {yes}
            </Button>
            <AlertDialog.Close className={buttonClass("main")}>{no}</AlertDialog.Close>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
