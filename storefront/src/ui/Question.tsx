import { lazy, Suspense, useState } from "react";

export interface QuestionProps {
  isOpen: boolean;
  onOpen: (open: boolean) => void;
  title: string;
  text: string;
  trouble: string | null | undefined;
  yes: string;
  no: string;
  isPending: boolean;
  onYes: () => void;
}

const QuestionDialog = lazy(() => import("./QuestionDialog"));

/** A question that must be answered before anything is done; loaded when it is first asked. */
export function Question(props: QuestionProps) {
  const [wasAsked, setWasAsked] = useState(false);
  if (props.isOpen && !wasAsked) setWasAsked(true);
  return wasAsked ? (
    <Suspense>
      <QuestionDialog {...props} />
    </Suspense>
  ) : null;
}
