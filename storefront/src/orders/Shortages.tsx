import type { Schemas } from "@/api/client";
import { useTexts } from "@/texts";

interface ShortagesProps {
  shortages: Schemas["Shortage"][];
  /** By SKU. */
  names: Map<string, string>;
}

/** What was short. */
export function Shortages({ shortages, names }: ShortagesProps) {
  const { order } = useTexts();
  return (
    <ul>
      {shortages.map(({ sku, requested, available }) => (
        <li key={sku}>{order.short(names.get(sku) ?? sku, requested, available)}</li>
      ))}
    </ul>
  );
}
