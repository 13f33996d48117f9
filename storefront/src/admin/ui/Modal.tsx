import { Dialog } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { classes } from "@/ui/classes";
import styles from "./Modal.module.css";

interface ModalProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}

/** Asks for something before all else; Escape closes it. */
export function Modal({ title, isOpen, onClose, wide, children }: ModalProps) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={styles.veil} />
        <Dialog.Popup className={classes(styles.popup, wide && styles.wide)}>
          <Dialog.Title className={styles.title}>{title}</Dialog.Title>
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
