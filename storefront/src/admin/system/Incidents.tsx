import { useSpeech } from "@/texts";
import { useAdminTexts } from "../texts";
import form from "../ui/Form.module.css";
import styles from "./Incidents.module.css";
import type { Incident } from "./queries";
import { useMeasures } from "./useMeasures";

const SHOWN = 20;
const BAD = new Set(["died", "frozen", "failed", "lapsed"]);
const GOOD = new Set(["started", "restarted", "joined"]);

interface IncidentsProps {
  incidents: Incident[];
  /** Seconds since 1970, by the shop's clock. */
  now: number;
}

/** What has happened to the parts, the newest first. */
export function Incidents({ incidents, now }: IncidentsProps) {
  const { system } = useAdminTexts();
  const { dateTime } = useSpeech();
  const { ago } = useMeasures();
  const kinds: Record<string, string> = system.kinds;
  if (incidents.length === 0) return <p className={form.quiet}>{system.noIncidents}</p>;
  return (
    <ol className={styles.incidents}>
      {incidents.slice(0, SHOWN).map(({ at, kind, service, replica, detail }) => (
        <li
          key={`${at} ${kind} ${service} ${replica}`}
          data-tone={BAD.has(kind) ? "bad" : GOOD.has(kind) ? "good" : "calm"}
        >
          <strong>
            {service} {replica} {kinds[kind] ?? kind}
          </strong>
          <span className={styles.when} title={dateTime(new Date(at * 1000).toISOString())}>
            {ago(now - at)}
            {detail && ` · ${detail}`}
          </span>
        </li>
      ))}
    </ol>
  );
}
