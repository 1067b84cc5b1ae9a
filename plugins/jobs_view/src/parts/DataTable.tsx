import { Box, Table } from "@chakra-ui/react";
import type { ReactNode } from "react";

export type Column<T> = { title: string; show: (row: T) => ReactNode; end?: boolean };
type Props<T> = { label: string; columns: Column<T>[]; rows: T[]; keyOf: (row: T) => string | number };

/** Of a cell with a name or a value that users' code gave: however long, it goes on in the next line. */
export const LONG = { maxWidth: "24rem", whiteSpace: "normal", overflowWrap: "anywhere" } as const;

/** Rows under titles. On a narrow page the table scrolls by itself. */
export const DataTable = <T,>({ label, columns, rows, keyOf }: Props<T>): ReactNode => (
  <Box overflowX="auto" tabIndex={0} role="region" aria-label={label}>
    <Table.Root size="sm" interactive>
      <Table.Header>
        <Table.Row>
          {columns.map(({ title, end }) => (
            <Table.ColumnHeader key={title} textAlign={end ? "end" : "start"} whiteSpace="nowrap">
              {title}
            </Table.ColumnHeader>
          ))}
        </Table.Row>
      </Table.Header>
      <Table.Body>
        {rows.map((row) => (
          <Table.Row key={keyOf(row)}>
            {columns.map(({ title, show, end }) => (
              <Table.Cell key={title} textAlign={end ? "end" : "start"} verticalAlign="top">
                {show(row)}
              </Table.Cell>
            ))}
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  </Box>
);
