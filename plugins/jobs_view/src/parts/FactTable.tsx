import { Box, Table } from "@chakra-ui/react";
import type { FC, ReactNode } from "react";

import { LONG } from "./DataTable";

/** Names with their values, one to a row; a table that is wider than the page scrolls by itself. */
export const FactTable: FC<{ label: string; facts: [name: string, value: ReactNode][] }> = ({ label, facts }) => (
  <Box overflowX="auto" alignSelf="flex-start" maxWidth="100%" tabIndex={0} role="region" aria-label={label}>
    <Table.Root size="sm" width="auto">
      <Table.Body>
        {facts.map(([name, value]) => (
          <Table.Row key={name}>
            <Table.ColumnHeader scope="row" minWidth="8em" verticalAlign="top" color="fg.muted" {...LONG}>
              {name}
            </Table.ColumnHeader>
            <Table.Cell overflowWrap="anywhere">{value}</Table.Cell>
          </Table.Row>
        ))}
      </Table.Body>
    </Table.Root>
  </Box>
);
