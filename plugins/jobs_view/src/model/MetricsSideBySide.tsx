import { Stack, Table, Text } from "@chakra-ui/react";
import type { FC } from "react";

import type { Comparison } from "../api/client";
import { comparedMetrics } from "../job/measured";
import { LONG } from "../parts/DataTable";
import { useFormats, useTexts } from "../texts/language";
import { isBetter } from "./versions";

type Metrics = Record<string, unknown>;

/** A number stays in one line. */
const wrapping = (value: unknown) => (typeof value === "number" ? ({ whiteSpace: "nowrap" } as const) : LONG);

type Props = {
  label: string;
  titles: [mine: string, theirs: string];
  mine: Metrics;
  theirs: Metrics | null;
  first: string[];
  better: Comparison["better"];
  note: string | null;
};

/** The metrics of two versions, or of one, with their differences, and which values are better where that is known. */
export const MetricsSideBySide: FC<Props> = ({ label, titles, mine, theirs, first, better, note }) => {
  const texts = useTexts();
  const own = texts.model;
  const formats = useFormats();
  const verdict = (name: string): string | null => {
    const [a, b] = [mine[name], theirs?.[name]];
    const direction = Object.hasOwn(better, name) ? better[name] : undefined;
    if (typeof a !== "number" || typeof b !== "number" || direction === undefined) return null;
    const is = isBetter(a, b, direction);
    return is === null ? null : is ? own.comparison.better : own.comparison.worse;
  };
  const shown = theirs === null ? titles.slice(0, 1) : titles;
  return (
    <Stack gap={1} maxWidth="100%">
      <Table.ScrollArea tabIndex={0} role="region" aria-label={label}>
        <Table.Root size="sm" width="auto">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>{texts.evidence.metric}</Table.ColumnHeader>
              {shown.map((title) => (
                <Table.ColumnHeader key={title} textAlign="end">
                  {title}
                </Table.ColumnHeader>
              ))}
              {theirs !== null && <Table.ColumnHeader textAlign="end">{own.comparison.difference}</Table.ColumnHeader>}
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {comparedMetrics(mine, theirs, formats, first).map(([name, left, right, difference]) => (
              <Table.Row key={name}>
                <Table.ColumnHeader scope="row" minWidth="7em" {...LONG}>
                  {name}
                </Table.ColumnHeader>
                <Table.Cell textAlign="end" {...wrapping(mine[name])}>
                  {left}
                </Table.Cell>
                {theirs !== null && (
                  <>
                    <Table.Cell textAlign="end" {...wrapping(theirs[name])}>
                      {right}
                    </Table.Cell>
                    <Table.Cell textAlign="end" whiteSpace="nowrap">
                      {difference}
                      {verdict(name) !== null && (
                        <Text as="span" color="fg.muted" fontSize="xs">{` ${verdict(name) ?? ""}`}</Text>
                      )}
                    </Table.Cell>
                  </>
                )}
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Table.ScrollArea>
      {note !== null && (
        <Text color="fg.muted" fontSize="sm">
          {note}
        </Text>
      )}
    </Stack>
  );
};
