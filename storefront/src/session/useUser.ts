import { useSyncExternalStore } from "react";
import type { User } from "@/api/client";
import { currentUser, subscribeToSession } from "./session";

/** Who is signed in; null: a guest. */
export const useUser = (): User | null => useSyncExternalStore(subscribeToSession, currentUser);

export const useIsAdmin = (): boolean => useUser()?.roles.includes("admin") ?? false;
