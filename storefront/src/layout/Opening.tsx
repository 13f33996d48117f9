import { useTexts } from "@/texts";

export function Opening() {
  return (
    <p role="status" className="visually-hidden">
      {useTexts().shop.opening}
    </p>
  );
}
