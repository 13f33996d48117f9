import type { Category } from "@/api/client";
import { Button } from "@/ui/Button";
import { useAdminTexts } from "../texts";
import form from "../ui/Form.module.css";
import { Modal } from "../ui/Modal";
import { Refused } from "../ui/Refused";
import { useRemoveCategory } from "./queries";

export function Removal({ category, onDone }: { category: Category; onDone: () => void }) {
  const { categories: texts, common } = useAdminTexts();
  const remove = useRemoveCategory();
  return (
    <Modal title={texts.removeAsk(category.name)} isOpen onClose={onDone}>
      <p>{texts.removeText}</p>
      {remove.error && <Refused error={remove.error} away={texts.away} />}
      <div className={form.actions}>
        <Button
          look="danger"
          disabled={remove.isPending}
          onClick={() => remove.mutate(category, { onSuccess: onDone })}
        >
          {texts.remove}
        </Button>
        <Button onClick={onDone}>{common.back}</Button>
      </div>
    </Modal>
  );
}
