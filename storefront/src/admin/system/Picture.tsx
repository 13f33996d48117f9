import { useState } from "react";
import { useAdminTexts } from "../texts";
import { Arrows } from "./Arrows";
import { BoxView } from "./BoxView";
import styles from "./Picture.module.css";
import { boxesOf, ROWS, trafficOf } from "./parts";
import type { LiveView } from "./queries";

/** The parts of the shop, as requests travel: from the front down to the databases and the bus. */
export function Picture({ view }: { view: LiveView }) {
  const { system } = useAdminTexts();
  const [map, setMap] = useState<HTMLElement | null>(null);
  const parts = boxesOf(view);
  const rows = ROWS.map((row) => row.filter((part) => part !== "edge" || parts.get(part)?.length));
  return (
    <div ref={setMap} className={styles.map}>
      <Arrows map={map} traffic={trafficOf(view)} />
      {rows.map(
        (row) =>
          row.length > 0 && (
            <div key={row.join()} className={styles.row}>
              {row.map((part) => (
                <section key={part} className={styles.part} data-part={part} aria-label={system.parts[part]}>
                  <h2 className={styles.name}>{system.parts[part]}</h2>
                  <ul className={styles.boxes}>
                    {(parts.get(part) ?? []).map((box) => (
                      <BoxView key={box.id} box={box} />
                    ))}
                    {parts.get(part)?.length === 0 && <li className={styles.none}>{system.notKnown}</li>}
                  </ul>
                </section>
              ))}
            </div>
          ),
      )}
    </div>
  );
}
