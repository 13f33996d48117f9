import { useTexts } from "@/texts";
import { ButtonLink } from "@/ui/Button";
import { Page } from "@/ui/Page";

export function Component() {
  const { trouble } = useTexts();
  return (
    <Page title={trouble.notFoundTitle} narrow>
      <h1>{trouble.notFoundTitle}</h1>
      <p>{trouble.notFound}</p>
      <div>
        <ButtonLink look="main" to="/">
          {trouble.toHome}
        </ButtonLink>
      </div>
    </Page>
  );
}
