import { Box, Code, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { type ComparedBin, type DriftCheck, getDistribution } from "../api/client";
import { Answer } from "../parts/Answer";
import { LONG } from "../parts/DataTable";
import { Notice } from "../parts/Problem";
import { useFormats, useTexts } from "../texts/language";
import { mostMoved } from "./bins";

type Props = { job: number; column: DriftCheck["columns"][number] };

/** Bins that are shown. A numeric column has at most 23 bins, a categorical one at most 202. */
const MOST_BINS = 30;
const WIDTH_REM = 8;

/** The bins of a column in the reference and in the batch, side by side. */
export const Distributions: FC<Props> = ({ job, column: { role, variable } }) => {
  const { drift: texts } = useTexts();
  const query = useQuery({
    queryKey: ["distribution", job, role, variable],
    queryFn: ({ signal }) => getDistribution(job, role, variable, signal),
  });
  return (
    <Answer query={query}>
      {({ bins, statement }) =>
        bins.length === 0 ? (
          <Notice text={texts.noBins} />
        ) : (
          <Stack gap={3} paddingY={2}>
            <Bins
              bins={bins}
              label={texts.distributionOf(variable)}
              before={texts.inReference}
              now={texts.inBatch}
              about={texts.aboutBins}
              left={texts.moreBins}
            />
            <Code as="pre" whiteSpace="pre-wrap" overflowWrap="anywhere" padding={2}>
              {statement}
            </Code>
          </Stack>
        )
      }
    </Answer>
  );
};

type BinsProps = {
  bins: ComparedBin[];
  label: string;
  /** The headings of both sides; without `before` there is one side only. */
  before?: string;
  now: string;
  about?: string;
  /** What to say of bins that are not shown. */
  left: (number: string) => string;
};

/** Bins as bars and as numbers. */
export const Bins: FC<BinsProps> = ({ bins, label, before: beforeHeading, now: nowHeading, about, left }) => {
  const { drift: texts } = useTexts();
  const formats = useFormats();
  const shown = mostMoved(bins, MOST_BINS);
  const most = Math.max(...shown.flatMap(({ before, now }) => [before, now]), Number.MIN_VALUE);
  return (
    <Box overflowX="auto" tabIndex={0} role="region" aria-label={label}>
      <Table.Root size="sm" width="auto">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>{texts.binHeading}</Table.ColumnHeader>
            {beforeHeading !== undefined && (
              <Table.ColumnHeader colSpan={3} scope="colgroup">
                {beforeHeading}
              </Table.ColumnHeader>
            )}
            <Table.ColumnHeader colSpan={3} scope="colgroup">
              {nowHeading}
            </Table.ColumnHeader>
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {shown.map(({ bin, before, now, reference_rows, rows }, place) => (
            <Table.Row key={place}>
              <Table.ColumnHeader scope="row" fontWeight="normal" {...LONG}>
                {texts.bin(bin)}
              </Table.ColumnHeader>
              {beforeHeading !== undefined && (
                <Side share={before} most={most} rows={reference_rows} color="gray.solid" />
              )}
              <Side share={now} most={most} rows={rows} color="blue.solid" />
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
      {(shown.length < bins.length || about !== undefined) && (
        <Text color="fg.muted" marginTop={2}>
          {shown.length < bins.length && `${left(formats.number(bins.length - shown.length))} `}
          {about}
        </Text>
      )}
    </Box>
  );
};

const Side: FC<{ share: number; most: number; rows: number; color: string }> = ({ share, most, rows, color }) => {
  const formats = useFormats();
  return (
    <>
      <Table.Cell paddingRight={1}>
        <Box
          aria-hidden
          height={4}
          width={`${String((WIDTH_REM * share) / most)}rem`}
          minWidth={share > 0 ? "1px" : "0"}
          bg={color}
        />
      </Table.Cell>
      <Table.Cell textAlign="end">{formats.share(share)}</Table.Cell>
      <Table.Cell textAlign="end" color="fg.muted" paddingRight={6}>
        {formats.number(rows)}
      </Table.Cell>
    </>
  );
};
