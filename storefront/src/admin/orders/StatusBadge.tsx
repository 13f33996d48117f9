import type { OrderStatus } from "@/api/client";
import { useAdminTexts } from "../texts";
import { Badge, type Tone } from "../ui/Badge";

const TONES: Record<OrderStatus, Tone> = {
  pending: "warm",
  confirmed: "sky",
  fulfilled: "good",
  rejected: "bad",
  cancelled: "calm",
};

export function StatusBadge({ status }: { status: OrderStatus }) {
  const { orders } = useAdminTexts();
  return <Badge tone={TONES[status]}>{orders.status[status]}</Badge>;
}
