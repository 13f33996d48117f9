import { Suspense } from "react";
import { Route, Routes } from "react-router";
import { Opening } from "@/layout/Opening";
import { Component as NotFound } from "@/pages/NotFoundPage";
import { ADMIN_PAGES } from "./pages";

/** Whichever page the address names. */
export function AdminPages() {
  return (
    <Suspense fallback={<Opening />}>
      <Routes>
        {ADMIN_PAGES.map(({ path, Component }) => (
          <Route key={path} path={path} element={<Component />} />
        ))}
        <Route path="*" element={<NotFound />} />
      </Routes>
    </Suspense>
  );
}
