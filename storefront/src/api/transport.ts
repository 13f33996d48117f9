import { heardOfCatalog } from "@/catalog/stale";
import { csrfToken, ensureFresh, isSignedIn, sessionIsOver } from "@/session/session";
import { problemOf, unreachable } from "./problems";

const READ_TIMEOUT_MS = 12_000;
/** An order is waited for up to 30 s by the shop itself. */
const WRITE_TIMEOUT_MS = 40_000;
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** Where a guest is answered differently from whoever is signed in. */
const PERSONAL = /^\/api\/(users|sessions\/current|carts|orders|system|stock|admin|media|imports)\b/;
const PRODUCTS = /^\/api\/products\b/;
const SESSION_CODES = new Set(["token_expired", "unauthenticated", "invalid_token"]);

/**
 * `fetch` for the shop's API: with a deadline, in the name of whoever is signed in.
 *
 * Throws a Problem where there was no answer, or where the session had run out and cannot be renewed just now:
 * what somebody does who is signed in must not be done in a guest's name instead.
 */
export async function transport(request: Request): Promise<Response> {
  const isPersonal = PERSONAL.test(new URL(request.url).pathname);
  if (isPersonal && isSignedIn()) await ensureFresh();
  const again = request.clone();
  const response = await send(request);
  if (response.status !== 401 || !isSignedIn()) return response;
  const problem = await problemOf(response.clone());
  if (!SESSION_CODES.has(problem.code)) return response;
  await ensureFresh({ whatever: true });
  if (!isSignedIn()) {
    sessionIsOver();
    return response;
  }
  return send(again);
}

async function send(request: Request): Promise<Response> {
  const isSafe = SAFE.has(request.method);
  const headers = new Headers(request.headers);
  const csrf = csrfToken();
  if (!isSafe && csrf) headers.set("X-CSRF-Token", csrf);
  const deadline = AbortSignal.timeout(isSafe ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS);
  const signal = AbortSignal.any([request.signal, deadline]);
  try {
    const response = await fetch(new Request(request, { headers, signal }));
    if (isSafe && PRODUCTS.test(new URL(request.url).pathname)) heardOfCatalog(response);
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw unreachable(error);
  }
}
