import { Table } from "@chakra-ui/react";
import type { FC } from "react";

/** Numbers under headings; the first column names the rows. */
export const Figures: FC<{ headings: string[]; rows: string[][] }> = ({ headings, rows }) => (
  <Table.Root size="sm" width="auto">
    <Table.Header>
      <Table.Row>
        {headings.map((heading, place) => (
          <Table.ColumnHeader key={heading} textAlign={place === 0 ? "start" : "end"}>
            {heading}
          </Table.ColumnHeader>
        ))}
      </Table.Row>
    </Table.Header>
    <Table.Body>
      {rows.map(([first, ...others], number) => (
        <Table.Row key={number}>
          <Table.ColumnHeader scope="row" fontWeight="normal" whiteSpace="nowrap">
            {first}
          </Table.ColumnHeader>
          {others.map((value, place) => (
            <Table.Cell key={place} textAlign="end" whiteSpace="nowrap">
              {value}
            </Table.Cell>
          ))}
        </Table.Row>
      ))}
    </Table.Body>
  </Table.Root>
);
