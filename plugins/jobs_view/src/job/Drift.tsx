import { Badge, Box, Button, Code, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import { type FC, Fragment, useState } from "react";
import { useSearchParams } from "react-router-dom";

import { columnKey } from "../addresses";
import { type DriftCheck, getDrift, type WholeJob } from "../api/client";
import { Answer } from "../parts/Answer";
import { LONG } from "../parts/DataTable";
import { Notice } from "../parts/Problem";
import { Section } from "../parts/Section";
import { paletteOf } from "../parts/verdicts";
import { useFormats, useTexts } from "../texts/language";
import { Distributions } from "./Distributions";

type Column = DriftCheck["columns"][number];

/** How far each column of a batch has moved from the reference, as a drift check has found. */
export const Drift: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts().drift;
  const query = useQuery({
    queryKey: ["drift", job.id, job.status, job.attempt],
    queryFn: ({ signal }) => getDrift(job.id, signal),
  });
  return (
    <Answer query={query}>
      {({ columns, statement }) =>
        columns.length === 0 ? (
          <Notice text={job.status === "completed" ? texts.nothingCompared : texts.nothing} />
        ) : (
          <Stack gap={6}>
            <Found job={job.id} columns={columns} />
            <Section title={texts.inSql}>
              <Code as="pre" whiteSpace="pre-wrap" overflowWrap="anywhere" padding={2}>
                {statement}
              </Code>
            </Section>
          </Stack>
        )
      }
    </Answer>
  );
};

const Found: FC<{ job: number; columns: Column[] }> = ({ job, columns }) => {
  const [search] = useSearchParams();
  const [open, setOpen] = useState(search.get("column"));
  const { drift: texts, statistics } = useTexts();
  const formats = useFormats();
  const short = (value: number | null) => (value === null ? "–" : formats.number(Number(value.toPrecision(2))));
  const said = ({ verdict, detectable_shift, reason }: Column): string => {
    if (verdict === "reference_too_small") return statistics.tooSmall(short(detectable_shift));
    return reason ?? statistics.verdicts[verdict] ?? verdict;
  };
  return (
    <Section title={texts.title}>
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={texts.title}>
        <Table.Root size="sm" width="auto">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>{statistics.column}</Table.ColumnHeader>
              <Table.ColumnHeader>{texts.verdict}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.index}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.shift}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.natural}</Table.ColumnHeader>
              <Table.ColumnHeader>{texts.mostMoved}</Table.ColumnHeader>
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {columns.map((column) => {
              const key = columnKey(column);
              const isOpen = key === open;
              return (
                <Fragment key={key}>
                  <Table.Row data-verdict={column.verdict}>
                    <Table.ColumnHeader scope="row" {...LONG}>
                      <Button
                        variant="plain"
                        size="sm"
                        height="auto"
                        padding={0}
                        whiteSpace="normal"
                        textAlign="start"
                        aria-expanded={isOpen}
                        onClick={() => setOpen(isOpen ? null : key)}
                      >
                        <span aria-hidden>{isOpen ? "▾" : "▸"}</span>
                        {column.variable}
                      </Button>
                      {column.role === "prediction" && (
                        <Text as="span" color="fg.muted">{` (${texts.prediction})`}</Text>
                      )}
                    </Table.ColumnHeader>
                    <Table.Cell {...LONG}>
                      <Badge variant="surface" colorPalette={paletteOf(column.verdict)} whiteSpace="normal">
                        {said(column)}
                      </Badge>
                    </Table.Cell>
                    <Table.Cell textAlign="end">{short(column.psi)}</Table.Cell>
                    <Table.Cell textAlign="end">{short(column.shift)}</Table.Cell>
                    <Table.Cell textAlign="end">{short(column.natural_variation)}</Table.Cell>
                    <Table.Cell {...LONG} minWidth="16rem">
                      {column.most_moved
                        .map(
                          ({ bin, before, now }) =>
                            `${texts.bin(bin)} (${formats.share(before)} → ${formats.share(now)})`,
                        )
                        .join("; ")}
                    </Table.Cell>
                  </Table.Row>
                  {isOpen && (
                    <Table.Row>
                      <Table.Cell colSpan={6}>
                        <Distributions job={job} column={column} />
                      </Table.Cell>
                    </Table.Row>
                  )}
                </Fragment>
              );
            })}
          </Table.Body>
        </Table.Root>
      </Box>
      <Text color="fg.muted" marginTop={2}>
        {texts.about}
      </Text>
    </Section>
  );
};
