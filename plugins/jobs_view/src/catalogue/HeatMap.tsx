import { Box, Link, Stack, Table, Text } from "@chakra-ui/react";
import { type FC, useEffect, useRef } from "react";
import { Link as OfRouter } from "react-router-dom";

import { distributionAddress, jobAddress } from "../addresses";
import type { CheckedBatch, ColumnOverTime } from "../api/client";
import { LONG } from "../parts/DataTable";
import { RouterLink } from "../parts/RouterLink";
import { paletteOf } from "../parts/verdicts";
import { useFormats, useTexts } from "../texts/language";

type Props = { batches: CheckedBatch[]; columns: ColumnOverTime[] };

/** Columns from top to bottom, batches from left to right: the verdict of each as colour and as text. */
export const HeatMap: FC<Props> = ({ batches, columns }) => {
  const { drift: texts, statistics } = useTexts();
  const scrolled = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The latest batches are at the right.
    scrolled.current?.scrollTo({ left: scrolled.current.scrollWidth });
  }, []);
  return (
    <Box ref={scrolled} overflowX="auto" tabIndex={0} role="region" aria-label={texts.overTime}>
      <Table.Root size="sm" width="auto" showColumnBorder>
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader position="sticky" left={0} bg="bg" zIndex={1}>
              {statistics.column}
            </Table.ColumnHeader>
            {batches.map((batch) => (
              <Table.ColumnHeader key={batch.run_id} scope="col" verticalAlign="top" minWidth="6.5rem">
                <BatchHeading batch={batch} />
              </Table.ColumnHeader>
            ))}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {columns.map(({ role, variable, results }) => (
            <Table.Row key={`${role} ${variable}`}>
              <Table.ColumnHeader
                scope="row"
                position="sticky"
                left={0}
                bg="bg"
                zIndex={1}
                {...LONG}
                minWidth="8rem"
                maxWidth="12rem"
              >
                {variable}
                {role === "prediction" && <Text as="span" color="fg.muted">{` (${texts.prediction})`}</Text>}
              </Table.ColumnHeader>
              {results.map((result, place) => {
                const check = batches[place]?.check_job_id ?? null;
                const to = check === null ? null : distributionAddress(check, { role, variable });
                return <Cell key={batches[place]?.run_id} result={result} to={to} />;
              })}
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
};

/** The heading of a batch: its interval or time of publication, with a link to its drift check, and its version. */
const BatchHeading: FC<{ batch: CheckedBatch }> = ({ batch }) => {
  const { drift: texts, evidence } = useTexts();
  const formats = useFormats();
  const { interval_start: start, interval_end: end, published_at, version, checked, check_job_id } = batch;
  const period = start === null || end === null ? formats.shortMoment(published_at) : formats.interval(start, end);
  return (
    <Stack gap={0} fontWeight="normal" fontSize="xs">
      {check_job_id === null ? (
        <Text fontWeight="medium">{period}</Text>
      ) : (
        <RouterLink to={jobAddress(check_job_id, "drift")}>{period}</RouterLink>
      )}
      <Text color="fg.muted">{evidence.version(version)}</Text>
      {!checked && <Text color="fg.muted">{texts.notChecked}</Text>}
    </Stack>
  );
};

/** The verdict on a column in a batch, with a link to its distribution there. */
const Cell: FC<{ result: ColumnOverTime["results"][number]; to: string | null }> = ({ result, to }) => {
  const { drift: texts, statistics } = useTexts();
  const formats = useFormats();
  if (result === null) {
    return <Table.Cell color="fg.muted">–</Table.Cell>;
  }
  const { verdict, psi } = result;
  const words = texts.shortVerdicts[verdict] ?? statistics.verdicts[verdict] ?? verdict;
  return (
    <Table.Cell
      colorPalette={paletteOf(verdict)}
      bg="colorPalette.subtle"
      color="colorPalette.fg"
      data-verdict={verdict}
    >
      <Text fontSize="xs">
        {to === null ? (
          words
        ) : (
          <Link asChild color="inherit" variant="underline">
            <OfRouter to={to}>{words}</OfRouter>
          </Link>
        )}
      </Text>
      <Text fontSize="sm" fontVariantNumeric="tabular-nums">
        {psi === null ? "–" : formats.number(Number(psi.toPrecision(2)))}
      </Text>
    </Table.Cell>
  );
};
