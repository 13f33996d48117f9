import { useQuery } from "@tanstack/react-query";
import { useSpeech } from "@/texts";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { useAdminTexts } from "../texts";
import { Answer } from "../ui/Answer";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Panel } from "../ui/Panel";
import { type Column, Table } from "../ui/Table";
import { Incidents } from "./Incidents";
import { Picture } from "./Picture";
import { type LiveView, liveQuery, type Traffic } from "./queries";
import { Streams } from "./Streams";
import { useMeasures } from "./useMeasures";

/** The shop as it is this second. */
export default function SystemPage() {
  const { system } = useAdminTexts();
  const live = useQuery(liveQuery);
  return (
    <Page title={system.title}>
      <Heading title={system.title} />
      <Answer query={live} away={system.away} room="40rem">
        {(view) => (
          <>
            <Figures view={view} />
            {!view.bus.connected && <Notice kind="error">{system.busAway}</Notice>}
            <Picture view={view} />
            <div className={form.columns}>
              <div className={form.column}>
                <h2>{system.bus}</h2>
                <Streams view={view} />
                <h2>{system.traffic}</h2>
                <TrafficTable traffic={view.edges} />
              </div>
              <Panel title={system.incidents}>
                <Incidents incidents={view.incidents} now={view.at} />
              </Panel>
            </div>
          </>
        )}
      </Answer>
    </Page>
  );
}

function Figures({ view }: { view: LiveView }) {
  const { system } = useAdminTexts();
  const { number } = useSpeech();
  const { milliseconds, percent } = useMeasures();
  const fronts = view.replicas.filter(({ service }) => service === "front");
  const requests = fronts.reduce((sum, { requests_per_second }) => sum + (requests_per_second ?? 0), 0);
  const slowest = Math.max(...fronts.map(({ p99_seconds }) => p99_seconds ?? 0));
  const waiting = Object.values(view.outboxes).reduce<number>((sum, length) => sum + (length ?? 0), 0);
  const figures: [string, string][] = [
    [system.requests, number(Math.round(requests * 10) / 10)],
    [system.slowest, slowest > 0 ? milliseconds(slowest) : "–"],
    [system.cacheHits, percent(view.cache.hit_ratio)],
    [system.outboxes, number(waiting)],
    [system.deadLetters, view.dead_letters === null ? "–" : number(view.dead_letters)],
  ];
  return (
    <dl className={form.stats}>
      {figures.map(([name, value]) => (
        <div key={name} className={form.stat}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function TrafficTable({ traffic }: { traffic: Traffic[] }) {
  const { system } = useAdminTexts();
  const { number } = useSpeech();
  const names: Record<string, string> = system.parts;
  const columns: Column<Traffic>[] = [
    { name: system.from, cell: ({ source }) => names[source] ?? source },
    { name: system.to, cell: ({ target }) => names[target] ?? target },
    { name: system.perSecond, end: true, cell: ({ per_second }) => number(per_second) },
  ];
  if (traffic.length === 0) return <p className={form.empty}>{system.quiet}</p>;
  return (
    <Table
      caption={system.traffic}
      columns={columns}
      rows={traffic}
      keyOf={({ source, target }) => `${source} ${target}`}
    />
  );
}
