import type { Product } from "@/api/client";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { isOurs, Picture } from "@/ui/Picture";
import { useAdminTexts } from "../texts";
import form from "../ui/Form.module.css";
import { Modal } from "../ui/Modal";
import { type Column, Table } from "../ui/Table";
import styles from "./Conflict.module.css";
import { type Draft, draftOf, keepingMine } from "./draft";

interface ConflictProps {
  /** What both began with. */
  base: Product;
  found: { mine: Draft; theirs: Product } | null;
  onClose: () => void;
  onTheirs: (theirs: Product) => void;
  /** To be written over the version that is named. */
  onMine: (mine: Draft, version: number) => void;
}

interface Difference {
  part: keyof Draft;
  mine: string;
  theirs: string;
}

/** Somebody else saved first: shows what differs, and lets one choose. */
export function Conflict({ base, found, onClose, onTheirs, onMine }: ConflictProps) {
  const { products } = useAdminTexts();
  const { language } = useSpeech();
  if (!found) return null;
  const { theirs } = found;
  const [before, now] = [draftOf(base, language), draftOf(theirs, language)];
  const mine = keepingMine(before, found.mine, now);
  const columns: Column<Difference>[] = [
    { name: products.part, cell: (row) => products.parts[row.part] },
    { name: products.mine, cell: (row) => <Version draft={mine} part={row.part} /> },
    { name: products.theirs, cell: (row) => <Version draft={now} part={row.part} /> },
  ];
  const rows = differences(mine, now);
  const elsewhere = differences(before, now).filter(({ part }) => rows.every((row) => row.part !== part));
  const isArchived = theirs.status !== base.status && theirs.status === "archived";
  return (
    <Modal title={products.conflict} isOpen onClose={onClose} wide>
      <p>{products.conflictText}</p>
      {isArchived && <p>{products.conflictArchived}</p>}
      {elsewhere.length > 0 && (
        <p>{products.conflictElsewhere(elsewhere.map(({ part }) => products.parts[part]).join(", "))}</p>
      )}
      {rows.length > 0 && (
        <Table caption={products.conflict} columns={columns} rows={rows} keyOf={(row) => row.part} />
      )}
      <div className={form.actions}>
        <Button look="main" onClick={() => onMine(mine, theirs.version)}>
          {products.keepMine}
        </Button>
        <Button onClick={() => onTheirs(theirs)}>{products.takeTheirs}</Button>
        <Button look="quiet" onClick={onClose}>
          {products.goOn}
        </Button>
      </div>
    </Modal>
  );
}

function Version({ draft, part }: { draft: Draft; part: keyof Draft }) {
  const { products } = useAdminTexts();
  if (part !== "images" || draft.images.length === 0) return written(draft, part) || "–";
  return (
    <ol className={styles.pictures}>
      {draft.images.map(({ url }, place) => (
        <li key={url}>
          {isOurs(url) ? <Picture source={url} alt={products.picture(place + 1)} sizes="4rem" /> : url}
        </li>
      ))}
    </ol>
  );
}

function differences(mine: Draft, theirs: Draft): Difference[] {
  return (Object.keys(mine) as (keyof Draft)[])
    .map((part) => ({ part, mine: written(mine, part), theirs: written(theirs, part) }))
    .filter(({ mine, theirs }) => mine !== theirs);
}

/** In words: of lists, one a comma. */
function written(draft: Draft, part: keyof Draft): string {
  switch (part) {
    case "attributes":
      return draft.attributes.map(({ name, value }) => `${name}: ${value}`).join(", ");
    case "options":
      return draft.options.map(({ name, values }) => `${name}: ${values.split("\n").join("/")}`).join(", ");
    case "variants":
      return draft.variants.map(({ sku, price, values }) => [sku, ...values, price].join(" ")).join(", ");
    case "images":
      return draft.images.map(({ url }) => url).join(", ");
    default:
      return draft[part];
  }
}
