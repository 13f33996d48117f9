import { startTransition, useOptimistic } from "react";
import { useNavigate, useSearchParams } from "react-router";

/**
 * A list's address, and how to change it. The page follows at once and the router when it comes to it: what was
 * ticked is seen ticked, and a second choice made meanwhile adds to the first.
 */
export function useAddress(): [URLSearchParams, (to: URLSearchParams) => void] {
  const [current] = useSearchParams();
  const [address, show] = useOptimistic(current);
  const navigate = useNavigate();
  // What is chosen does not make a page of its own to go back to.
  const change = (to: URLSearchParams) =>
    startTransition(async () => {
      show(to);
      await navigate({ search: to.toString() }, { replace: true, preventScrollReset: true });
    });
  return [address, change];
}
