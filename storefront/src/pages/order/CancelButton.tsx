import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answered, api, type Order } from "@/api/client";
import { isProblem } from "@/api/problems";
import { orderKey } from "@/orders/queries";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Question } from "@/ui/Question";
import { wordsFor } from "@/ui/Trouble";

/** Asks first. Repeating it is harmless. */
export function CancelButton({ order }: { order: Order }) {
  const { texts } = useSpeech();
  const words = texts.order;
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const cancel = useMutation({
    mutationFn: () =>
      answered(api.POST("/api/orders/{order_id}/cancellation", { params: { path: { order_id: order.id } } })),
    onSuccess: () => setOpen(false),
    onSettled: () => client.invalidateQueries({ queryKey: orderKey(order.id) }),
  });
  const refusal = isProblem(cancel.error, "not_cancellable")
    ? words.notCancellable
    : cancel.error && wordsFor(cancel.error, texts, words.away);
  return (
    <>
      <Button look="danger" onClick={() => setOpen(true)}>
        {words.cancel}
      </Button>
      <Question
        isOpen={isOpen}
        onOpen={setOpen}
        title={words.cancelTitle}
        text={words.cancelText}
        trouble={refusal}
        yes={words.cancelYes}
        no={words.cancelNo}
        isPending={cancel.isPending}
        onYes={() => cancel.mutate()}
      />
    </>
  );
}
