import type { Category } from "@/api/client";
import { isProblem } from "@/api/problems";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Trouble } from "@/ui/Trouble";
import { useAdminTexts } from "../texts";
import form from "../ui/Form.module.css";
import { Modal } from "../ui/Modal";
import { useRemoveCategory } from "./queries";

export function Removal({ category, onDone }: { category: Category; onDone: () => void }) {
  const { categories: texts, common } = useAdminTexts();
  const remove = useRemoveCategory();
  return (
    <Modal title={texts.removeAsk(category.name)} isOpen onClose={onDone}>
      <p>{texts.removeText}</p>
      {remove.error &&
        (isProblem(remove.error, "category_in_use") ? (
          <Notice kind="error">{texts.inUse}</Notice>
        ) : isProblem(remove.error, "version_mismatch") ? (
          <Notice kind="warning">{texts.conflict}</Notice>
        ) : (
          <Trouble error={remove.error} away={texts.away} />
        ))}
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
