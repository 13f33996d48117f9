import { useLayoutEffect, useState } from "react";
import { useSpeech } from "@/texts";
import styles from "./Arrows.module.css";
import { arrowsOf, type Place } from "./arrows";
import type { Traffic } from "./queries";

interface ArrowsProps {
  /** Has the parts in it, each with `data-part`. */
  map: HTMLElement | null;
  traffic: Traffic[];
}

/** Who sends to whom, the more the faster. For the eye: the table below the picture says the same. */
export function Arrows({ map, traffic }: ArrowsProps) {
  const { number } = useSpeech();
  const { size, places } = usePlaces(map);
  return (
    <svg className={styles.arrows} width={size.width} height={size.height} aria-hidden>
      <defs>
        <marker
          id="arrow-head"
          viewBox="0 0 8 8"
          refX="6"
          refY="4"
          markerWidth="5"
          markerHeight="5"
          orient="auto"
        >
          <path d="M0 0 L8 4 L0 8 z" className={styles.head} />
        </marker>
      </defs>
      {arrowsOf(traffic, places).map(({ key, path, label, perSecond }) => (
        <g key={key} data-flow={flowOf(perSecond)}>
          <path d={path} className={styles.line} markerEnd="url(#arrow-head)" />
          {perSecond > 0 && <path d={path} className={styles.flow} />}
          {perSecond >= 0.1 && (
            <text x={label.x} y={label.y} className={styles.rate}>
              {number(perSecond < 10 ? perSecond : Math.round(perSecond))}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}

/** 0: nothing; then a step for each power of ten, from one a second on. */
const flowOf = (perSecond: number): number =>
  perSecond <= 0 ? 0 : Math.max(1, Math.min(4, Math.ceil(Math.log10(perSecond)) + 1));

function usePlaces(element: HTMLElement | null) {
  const [found, setFound] = useState({ size: { width: 0, height: 0 }, places: new Map<string, Place>() });
  useLayoutEffect(() => {
    if (!element) return;
    const measure = () => {
      const all = element.getBoundingClientRect();
      const places = [...element.querySelectorAll<HTMLElement>("[data-part]")].map(
        (part): [string, Place] => {
          const { x, y, width, height } = part.getBoundingClientRect();
          return [part.dataset.part ?? "", { x: x - all.x, y: y - all.y, width, height }];
        },
      );
      setFound({ size: { width: all.width, height: all.height }, places: new Map(places) });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    for (const part of element.querySelectorAll("[data-part]")) observer.observe(part);
    measure();
    return () => observer.disconnect();
  }, [element]);
  return found;
}
