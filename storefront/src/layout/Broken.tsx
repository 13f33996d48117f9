import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";

/** In place of a page that failed to load or to show itself. */
export function Broken() {
  const { trouble } = useTexts();
  return (
    <main>
      <Page title={trouble.brokenTitle} narrow>
        <h1>{trouble.brokenTitle}</h1>
        <Notice kind="error">{trouble.broken}</Notice>
        <Button look="main" onClick={() => location.reload()}>
          {trouble.reload}
        </Button>
      </Page>
    </main>
  );
}
