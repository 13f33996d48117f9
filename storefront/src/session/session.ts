/**
 * Who is signed in. The tokens are in cookies that no script can read; this module knows when to renew them,
 * and remembers who it was, so that whoever is signed in stays so while accounts is away.
 */
import type { User } from "@/api/client";
import { isProblem, type Problem, problemOf, unreachable } from "@/api/problems";
import { alone, createStored } from "@/stored";

interface Known {
  user: User;
  /** Milliseconds since 1970: when the access token should be renewed, and when it is over. */
  renewAt: number;
  endsAt: number;
}

const known = createStored<Known>("markethall.session");
const CSRF_COOKIE = "markethall_csrf";
const RENEW_BEFORE_SECONDS = 60;
const TIMEOUT_MS = 12_000;

export const subscribeToSession = known.subscribe;

/** Null where nobody is signed in. */
export function currentUser(): User | null {
  return csrfToken() === null ? null : (known.get()?.user ?? null);
}

export const isSignedIn = (): boolean => currentUser() !== null;

export function csrfToken(): string | null {
  const pair = document.cookie.split("; ").find((pair) => pair.startsWith(`${CSRF_COOKIE}=`));
  return pair?.slice(CSRF_COOKIE.length + 1) || null;
}

/** Finds out who is signed in where the cookies know, and this module forgot. */
export async function recallSession(): Promise<void> {
  if (known.get() !== null || csrfToken() === null) return;
  const response = await request("GET", "/api/users/me").catch(() => null);
  if (response?.ok) known.set({ user: await response.json(), renewAt: 0, endsAt: Date.now() });
}

/** Throws a Problem: `wrong_credentials`, `too_many_attempts`, or no answer. */
export async function signIn(email: string, password: string): Promise<User> {
  const response = await post("/api/sessions", { email, password });
  if (!response.ok) throw await problemOf(response);
  return remember(await response.json());
}

/** The session was ended, here or elsewhere, or was erased with its user. */
export function sessionIsOver(): void {
  known.set(null);
}

export function userHasChanged(user: User): void {
  const now = known.get();
  if (now) known.set({ ...now, user });
}

let underWay: Promise<void> | null = null;

/**
 * Renews the access token where that is due, once for all tabs. Throws a Problem where it is over and accounts is away.
 * Afterwards nobody is signed in where the session has ended.
 */
export async function ensureFresh({ whatever = false } = {}): Promise<void> {
  const before = known.get();
  if (!before || (!whatever && Date.now() < before.renewAt)) return;
  if (whatever) return renewAlone(before, true);
  // All that a page asks waits for one try: where accounts is away, that takes long enough.
  underWay ??= renewAlone(before, false).finally(() => {
    underWay = null;
  });
  return underWay;
}

async function renewAlone(before: Known, whatever: boolean): Promise<void> {
  await alone("markethall.session", async () => {
    const now = known.get();
    // Another tab has done it in the meantime.
    if (!now || now.renewAt !== before.renewAt) return;
    const problem = await renew();
    // Superseded: somebody else renews at this very moment, and has set the cookies.
    if (problem === null || problem.code === "refresh_superseded") return;
    if (problem.status === 401) known.set(null);
    else if (whatever || Date.now() >= now.endsAt) throw problem;
    else known.set({ ...now, renewAt: Math.min(Date.now() + 5_000, now.endsAt) });
  });
}

async function renew(): Promise<Problem | null> {
  try {
    const response = await post("/api/sessions/refresh", { refresh_token: "" });
    if (!response.ok) return await problemOf(response);
    remember(await response.json());
    return null;
  } catch (error) {
    if (isProblem(error)) return error;
    throw error;
  }
}

function remember(session: { expires_in: number; user: User }): User {
  const endsAt = Date.now() + session.expires_in * 1000;
  const early = Math.min(RENEW_BEFORE_SECONDS, session.expires_in / 2) * 1000;
  known.set({ user: session.user, endsAt, renewAt: endsAt - early });
  return session.user;
}

function post(path: string, body: unknown): Promise<Response> {
  return request("POST", path, body, { "X-Session": "cookie" });
}

async function request(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<Response> {
  const headers: Record<string, string> = { ...more };
  const csrf = csrfToken();
  if (csrf) headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const content = body === undefined ? null : JSON.stringify(body);
  try {
    return await fetch(path, {
      method,
      headers,
      body: content,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // A refresh token is good once: whoever leaves the page meanwhile needs what is answered to it all the same.
      keepalive: true,
    });
  } catch (error) {
    throw unreachable(error);
  }
}
