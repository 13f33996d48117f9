import { useId, useState } from "react";
import { Link } from "react-router";
import { useSpeech } from "@/texts";
import { Button } from "@/ui/Button";
import { Notice } from "@/ui/Notice";
import { Page } from "@/ui/Page";
import { mistakeText, useAdminTexts } from "../texts";
import { Badge, type Tone } from "../ui/Badge";
import form from "../ui/Form.module.css";
import { Heading } from "../ui/Heading";
import { Panel } from "../ui/Panel";
import { Refused } from "../ui/Refused";
import { type Column, Table } from "../ui/Table";
import styles from "./ImportPage.module.css";
import { type Line, type Product, type Report, useImport } from "./queries";

const MOST_BYTES = 1_048_576;
const EXAMPLE = `product,name,category,sku,price,stock,option.size
tin-robot,Tin robot,Toys > Tin toys,ROBOT-58,29.90,12,
paper-boat-shirt,T-shirt Paper boat,Clothing,BOAT-S,17.90,30,S
paper-boat-shirt,,,BOAT-M,17.90,30,M`;

/** Many products at once, from a file: looked at first, then taken. */
export default function ImportPage() {
  const { imports, products } = useAdminTexts();
  const [file, setFile] = useState<{ name: string; csv: ArrayBuffer } | null>(null);
  const [isTooLarge, setIsTooLarge] = useState(false);
  const run = useImport();
  const id = useId();

  async function choose(chosen: File | undefined): Promise<void> {
    if (!chosen) return;
    setIsTooLarge(chosen.size > MOST_BYTES);
    if (chosen.size > MOST_BYTES) return;
    const csv = await chosen.arrayBuffer();
    setFile({ name: chosen.name, csv });
    run.mutate({ csv, isDry: true });
  }

  const report = run.data;
  const isGood = report !== undefined && report.errors.length === 0;
  return (
    <Page title={imports.title}>
      <Heading back={{ to: "/admin/products", name: products.title }} title={imports.title} />
      <Panel>
        <p>{imports.text}</p>
        {/* Longer than wide pages are: it is moved with the arrow keys, too. */}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached */}
        <pre className={styles.example} tabIndex={0}>
          {EXAMPLE}
        </pre>
        <div className={styles.file}>
          <label htmlFor={id}>{imports.file}</label>
          <input
            id={id}
            type="file"
            accept=".csv,text/csv"
            disabled={run.isPending}
            onChange={(event) => {
              void choose(event.target.files?.[0]);
              event.target.value = "";
            }}
          />
        </div>
        {isTooLarge && <Notice kind="error">{imports.tooLarge}</Notice>}
        {run.isPending && <p role="status">{imports.looking}</p>}
        {run.error && (
          <Refused
            error={run.error}
            away={products.away}
            {...(run.variables && { onRetry: () => run.mutate(run.variables) })}
          />
        )}
      </Panel>
      {report && file && (
        <>
          {report.applied ? (
            <Notice kind="good" title={imports.done(report.products.length)}>
              <Link to="/admin/products">{imports.see}</Link>
            </Notice>
          ) : (
            <Summary report={report} name={file.name} />
          )}
          {isGood && !report.applied && (
            <div className={form.actions}>
              <Button
                look="main"
                disabled={run.isPending || report.products.length === 0}
                onClick={() => run.mutate({ csv: file.csv, isDry: false })}
              >
                {imports.take(report.products.length)}
              </Button>
            </div>
          )}
          {report.errors.length > 0 && <Errors errors={report.errors} mistakes={report.mistakes} />}
          {report.products.length > 0 && <Products products={report.products} />}
        </>
      )}
    </Page>
  );
}

function Summary({ report, name }: { report: Report; name: string }) {
  const { imports } = useAdminTexts();
  const { number } = useSpeech();
  if (report.mistakes > 0 || report.errors.length > 0)
    return (
      <Notice kind="error" title={imports.wrong(name, Math.max(report.mistakes, report.errors.length))} />
    );
  return (
    <Notice kind="info" title={imports.fine(name)}>
      <p>{imports.units(number(report.units))}</p>
      {report.products.some(({ verdict }) => verdict === "unchanged") && <p>{imports.notTwice}</p>}
      {report.new_categories.length > 0 && <p>{imports.categories(report.new_categories.join(", "))}</p>}
    </Notice>
  );
}

function Errors({ errors, mistakes }: { errors: Line[]; mistakes: number }) {
  const texts = useAdminTexts();
  const { imports } = texts;
  const { number } = useSpeech();
  const columns: Column<Line>[] = [
    { name: imports.line, cell: ({ line }) => number(line) },
    { name: imports.column, cell: ({ column }) => column || "–" },
    { name: imports.message, cell: (line) => mistakeText(line, texts, number) },
  ];
  return (
    <>
      {mistakes > errors.length && <p>{imports.firstOf(number(errors.length), number(mistakes))}</p>}
      <Table
        caption={imports.errors}
        columns={columns}
        rows={errors}
        keyOf={({ line, column, message }) => `${line} ${column} ${message}`}
      />
    </>
  );
}

const TONES: Record<Product["verdict"], Tone> = {
  create: "good",
  restore: "good",
  unchanged: "calm",
  conflict: "bad",
};

function Products({ products }: { products: Product[] }) {
  const { imports } = useAdminTexts();
  const { number } = useSpeech();
  const columns: Column<Product>[] = [
    { name: imports.product, cell: ({ name }) => name },
    { name: imports.line, end: true, cell: ({ line }) => number(line) },
    { name: imports.variants, end: true, cell: ({ variants }) => number(variants) },
    { name: imports.stock, end: true, cell: ({ units }) => number(units) },
    {
      name: imports.verdict,
      cell: ({ verdict }) => <Badge tone={TONES[verdict]}>{imports.verdicts[verdict]}</Badge>,
    },
  ];
  return <Table caption={imports.preview} columns={columns} rows={products} keyOf={({ slug }) => slug} />;
}
