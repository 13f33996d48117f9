/** Where the arrows between the parts run. Pure. */

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Arrow {
  key: string;
  path: string;
  /** Where its rate is written. */
  label: { x: number; y: number };
  perSecond: number;
}

interface End {
  key: string;
  part: string;
  side: "top" | "bottom";
  /** The middle of what is at the other end: arrows leave in the order in which they arrive. */
  towards: number;
}

interface Traffic {
  source: string;
  target: string;
  per_second: number;
}

export function arrowsOf(traffic: Traffic[], places: Map<string, Place>): Arrow[] {
  const drawn = traffic.filter(({ source, target }) => places.has(source) && places.has(target));
  const ends = drawn.flatMap((one) => endsOf(one, places));
  return drawn.map(({ source, target, per_second }) => {
    const key = keyOf(source, target);
    const from = pointOf(`${key} from`, ends, places);
    const to = pointOf(`${key} to`, ends, places);
    const middle = (from.y + to.y) / 2;
    return {
      key,
      path: `M ${from.x} ${from.y} C ${from.x} ${middle}, ${to.x} ${middle}, ${to.x} ${to.y}`,
      label: { x: (from.x + to.x) / 2, y: middle },
      perSecond: per_second,
    };
  });
}

const keyOf = (source: string, target: string): string => `${source} ${target}`;
const middleOf = ({ x, width }: Place): number => x + width / 2;

function endsOf({ source, target }: Traffic, places: Map<string, Place>): End[] {
  const from = places.get(source) as Place;
  const to = places.get(target) as Place;
  const goesDown = from.y < to.y;
  const key = keyOf(source, target);
  return [
    { key: `${key} from`, part: source, side: goesDown ? "bottom" : "top", towards: middleOf(to) },
    { key: `${key} to`, part: target, side: goesDown ? "top" : "bottom", towards: middleOf(from) },
  ];
}

/** The ends at one side of a part share its width. */
function pointOf(key: string, ends: End[], places: Map<string, Place>): { x: number; y: number } {
  const end = ends.find((one) => one.key === key) as End;
  const place = places.get(end.part) as Place;
  const beside = ends
    .filter(({ part, side }) => part === end.part && side === end.side)
    .sort((one, other) => one.towards - other.towards || one.key.localeCompare(other.key));
  const share = (beside.indexOf(end) + 1) / (beside.length + 1);
  return {
    x: Math.round(place.x + place.width * share),
    y: Math.round(end.side === "top" ? place.y : place.y + place.height),
  };
}
