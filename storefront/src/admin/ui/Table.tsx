import type { ReactNode } from "react";
import { classes } from "@/ui/classes";
import styles from "./Table.module.css";

export interface Column<Row> {
  /** Above the column; beside each cell where there is little room. */
  name: string;
  cell: (row: Row) => ReactNode;
  /** Numbers: they end below each other. */
  end?: boolean;
  /** What can be done with the row: it needs no name beside it. */
  actions?: boolean;
}

interface TableProps<Row> {
  caption: string;
  /** The first one says which row it is. */
  columns: Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
}

/** A table; a list of cards where there is little room. */
export function Table<Row>({ caption, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <table className={styles.table}>
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ name, end, actions }) => (
            <th key={name} scope="col" className={classes(end && styles.end)}>
              {actions ? <span className="visually-hidden">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ name, cell, end, actions }, place) =>
              place === 0 ? (
                <th key={name} scope="row" className={classes(end && styles.end)}>
                  {cell(row)}
                </th>
              ) : (
                <td
                  key={name}
                  className={classes(end && styles.end, actions && styles.actions)}
                  data-name={actions ? undefined : name}
                >
                  {cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
