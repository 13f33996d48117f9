import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { AGAIN_MS } from "@/queries";
import { useTexts } from "@/texts";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { isReachable, reload, wasReloaded } from "./failedLoads";
import { Opening } from "./Opening";

/**
 * In place of a page whose script did not come. Where the shop was upgraded since the page was opened, a reload helps at
 * once; where it cannot be reached, later. `otherwise`: what is shown where it did not help.
 */
export function NotLoaded({ otherwise }: { otherwise: ReactNode }) {
  const { trouble } = useTexts();
  const [state, setState] = useState<"looking" | "away" | "hopeless">("looking");
  const wasAway = useRef(false);

  const look = useCallback(async () => {
    if (!(await isReachable())) {
      wasAway.current = true;
      setState("away");
    } else if (wasAway.current || !wasReloaded()) {
      reload();
    } else {
      setState("hopeless");
    }
  }, []);

  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [look]);

  if (state === "hopeless") return otherwise;
  if (state === "looking") return <Opening />;
  return (
    <main>
      <Page title={trouble.title} narrow>
        <h1>{trouble.title}</h1>
        <Notice kind="warning" onRetry={() => void look()}>
          <p>{trouble.unreachable}</p>
          <p>{trouble.again}</p>
        </Notice>
      </Page>
    </main>
  );
}
