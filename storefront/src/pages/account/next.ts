/** Where to go after signing in: a page of this shop only. */
export function nextOf(address: URLSearchParams): string {
  const next = address.get("next") ?? "/account";
  return /^\/(?![/\\])/.test(next) ? next : "/account";
}
