import { useRouteError } from "react-router";
import { useTexts } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { isFailedLoad } from "./failedLoads";
import { NotLoaded } from "./NotLoaded";

/** In place of a page that failed to load or to show itself. */
export function Broken() {
  return isFailedLoad(useRouteError()) ? <NotLoaded otherwise={<OurFault />} /> : <OurFault />;
}

function OurFault() {
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
