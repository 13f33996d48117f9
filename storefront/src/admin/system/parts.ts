/** The shop as boxes, of what the registry, the supervisor and each replica say. Pure. */
import type { Incident, LiveReplica, LiveView, Traffic } from "./queries";

export const SERVICES = ["catalog", "orders", "inventory", "accounts"] as const;
/** From top to bottom, as requests travel. */
export const ROWS = [["edge"], ["front"], SERVICES, ["database", "bus"]] as const;
export type PartName = (typeof ROWS)[number][number];
export type Health = "up" | "poorly" | "down";

/** A death is shown for so long, however quickly somebody else took the place. */
const FELT_SECONDS = 5;
const DEATHS = new Set(["died", "frozen", "failed", "lapsed"]);
/** What the supervisor calls the servers that the picture calls by what they are for. */
const UNIT_PART: Record<string, PartName> = { postgres: "database", nats: "bus" };
const PART_UNIT: Record<string, string> = { database: "postgres", bus: "nats" };

export interface Box {
  part: PartName;
  id: string;
  health: Health;
  /** The supervisor's word for it, else the registry's. */
  state: string;
  hasJustDied: boolean;
  version: string | null;
  pid: number | null;
  replica: LiveReplica | null;
  /** Of a database: primary or standby; of a server of the bus: leader or follower. */
  role: string | null;
  lagBytes: number | null;
}

interface Unit {
  service: string;
  replica: string;
  state: string;
  health: string | null;
  pid: number | null;
  version: string | null;
}

export function boxesOf(view: LiveView): Map<PartName, Box[]> {
  const parts = new Map<PartName, Box[]>(ROWS.flat().map((part) => [part, []]));
  const units = (view.supervised?.units ?? []) as unknown as Unit[];
  for (const unit of units) {
    const part = UNIT_PART[unit.service] ?? (unit.service as PartName);
    parts.get(part)?.push(boxOf(view, part, unit.replica, unit));
  }
  for (const replica of view.replicas) {
    const part = replica.service as PartName;
    if (!parts.get(part)?.some(({ id }) => id === replica.id))
      parts.get(part)?.push(boxOf(view, part, replica.id, null));
  }
  for (const boxes of parts.values())
    boxes.sort((one, other) => one.id.localeCompare(other.id, "en", { numeric: true }));
  return parts;
}

/** Between the parts. What the edge carries is what the fronts behind it are asked. */
export function trafficOf(view: LiveView): Traffic[] {
  const hasEdge = view.supervised?.units.some(({ service }) => service === "edge") ?? false;
  if (!hasEdge) return view.edges;
  const fronts = view.replicas.filter(({ service }) => service === "front");
  const asked = fronts.reduce((sum, { requests_per_second }) => sum + (requests_per_second ?? 0), 0);
  return [{ source: "edge", target: "front", per_second: Math.round(asked * 10) / 10 }, ...view.edges];
}

function boxOf(view: LiveView, part: PartName, id: string, unit: Unit | null): Box {
  const replica = view.replicas.find((one) => one.service === part && one.id === id) ?? null;
  const hasJustDied = view.incidents.some((incident) => isFelt(incident, part, id, view.at));
  const node = nodeOf(view, part, id);
  const state = unit && unit.state !== "up" ? unit.state : (replica?.state ?? unit?.state ?? "silent");
  return {
    part,
    id,
    state,
    hasJustDied,
    health: hasJustDied ? "down" : healthOf(state, unit, part),
    version: replica?.version ?? unit?.version ?? null,
    pid: unit?.pid || null,
    replica,
    role: node.role,
    lagBytes: node.lagBytes,
  };
}

function healthOf(state: string, unit: Unit | null, part: PartName): Health {
  if (state === "starting" || state === "waiting" || state === "not ready") return "poorly";
  if (state !== "up") return "down";
  if (unit?.health && unit.health !== "answers") return "poorly";
  return part === "edge" || unit || state === "up" ? "up" : "down";
}

function isFelt({ at, kind, service, replica }: Incident, part: PartName, id: string, now: number): boolean {
  return (
    DEATHS.has(kind) && service === (PART_UNIT[part] ?? part) && replica === id && now - at < FELT_SECONDS
  );
}

interface Node {
  role: string | null;
  lagBytes: number | null;
}

function nodeOf(view: LiveView, part: PartName, id: string): Node {
  const databases = (view.supervised?.databases ?? []) as {
    node: number;
    role: string;
    lag_bytes?: number;
  }[];
  const servers = (view.supervised?.bus?.nodes ?? []) as { node: string; role: string }[];
  if (part === "database") {
    const found = databases.find(({ node }) => String(node) === id);
    return { role: found?.role ?? null, lagBytes: found?.lag_bytes ?? null };
  }
  const found = part === "bus" ? servers.find(({ node }) => node === id) : undefined;
  return { role: found?.role ?? null, lagBytes: null };
}
