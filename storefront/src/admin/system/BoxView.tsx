import { useSpeech } from "@/texts";
import { useAdminTexts } from "../texts";
import styles from "./BoxView.module.css";
import type { Box } from "./parts";
import { useMeasures } from "./useMeasures";

/** One process: how it is, which version, how much it does and how quickly. */
export function BoxView({ box }: { box: Box }) {
  const { system } = useAdminTexts();
  const { number } = useSpeech();
  const { milliseconds, bytes } = useMeasures();
  const { replica } = box;
  const states: Record<string, string> = system.states;
  const roles: Record<string, string> = system.roles;
  const isAsked = replica?.requests_per_second != null;
  return (
    <li className={styles.box} data-health={box.health} data-box={`${box.part} ${box.id}`}>
      <div className={styles.head}>
        <strong>{box.id}</strong>
        <span className={styles.state}>
          {box.hasJustDied ? system.died : (states[box.state] ?? box.state)}
        </span>
      </div>
      <dl className={styles.facts}>
        {box.role && <Fact name={system.role} value={roles[box.role] ?? box.role} />}
        {box.lagBytes !== null && <Fact name={system.lag} value={bytes(Math.max(0, box.lagBytes))} />}
        {isAsked && (
          <>
            <Fact name={system.perSecond} value={number(replica.requests_per_second ?? 0)} />
            <Fact name={system.p99} value={milliseconds(replica.p99_seconds)} />
          </>
        )}
        {box.version && <Fact name={system.version} value={box.version} />}
        {box.pid && <Fact name={system.pid} value={String(box.pid)} />}
      </dl>
    </li>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
