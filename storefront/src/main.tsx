import "./theme/fonts.css";
import "./theme/tokens.css";
import "./theme/base.css";
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { noteFailedLoads } from "./layout/failedLoads";
import { queries } from "./queries";
import { createShopRouter } from "./router";
import { recallSession } from "./session/session";
import { prepareTexts, SpeechProvider } from "./texts";
import { applyTheme } from "./theme/theme";

noteFailedLoads();
applyTheme();
void recallSession();
await prepareTexts();

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <SpeechProvider>
          <RouterProvider router={createShopRouter()} />
        </SpeechProvider>
      </QueryClientProvider>
    </CSPProvider>
  </StrictMode>,
);
