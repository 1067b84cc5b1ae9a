import { Box, Code, Stack, Table, Text } from "@chakra-ui/react";
import type { FC } from "react";

import { jobAddress } from "../addresses";
import type { MeasurementPage, Measurement } from "../api/client";
import { LONG } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import { useFormats, useTexts } from "../texts/language";
import { decimalsOf, type Metric, metricsOf } from "./overTime";

/** The performance of batches as a table, and the SQL that returns the same figures. */
export const Measurements: FC<{ measured: MeasurementPage }> = ({ measured }) => {
  const texts = useTexts();
  return (
    <Stack gap={6}>
      <Section title={texts.performance.batches}>
        <Batches measurements={measured.measurements} />
        <Text color="fg.muted" marginTop={2}>
          {measured.more && `${texts.performance.more} `}
          {texts.performance.about}
        </Text>
      </Section>
      <Section title={texts.drift.inSql}>
        <Code as="pre" whiteSpace="pre-wrap" overflowWrap="anywhere" padding={2}>
          {measured.statement}
        </Code>
      </Section>
    </Stack>
  );
};

const Batches: FC<{ measurements: Measurement[] }> = ({ measurements }) => {
  const { performance: texts } = useTexts();
  const formats = useFormats();
  const metrics = metricsOf(measurements);
  const short = (value: number, of: Metric) => formats.number(Number(value.toFixed(decimalsOf(of))));
  return (
    <Box overflowX="auto" tabIndex={0} role="region" aria-label={texts.batches}>
      <Table.Root size="sm" width="auto">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>{texts.batch}</Table.ColumnHeader>
            <Table.ColumnHeader textAlign="end">{texts.rows}</Table.ColumnHeader>
            <Table.ColumnHeader textAlign="end">{texts.labelled}</Table.ColumnHeader>
            <Table.ColumnHeader textAlign="end">{texts.missing}</Table.ColumnHeader>
            {metrics.map(({ key, target, metric }) => (
              <Table.ColumnHeader key={key} textAlign="end">
                {texts.metric(metric, target)}
              </Table.ColumnHeader>
            ))}
            <Table.ColumnHeader>{texts.measured}</Table.ColumnHeader>
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {measurements.map((batch) => (
            <Table.Row key={batch.run_id}>
              <Table.ColumnHeader scope="row" {...LONG} minWidth="13rem">
                <OfBatch batch={batch} />
              </Table.ColumnHeader>
              <Table.Cell textAlign="end">{formats.number(batch.rows)}</Table.Cell>
              <Table.Cell textAlign="end">{formats.number(batch.labelled)}</Table.Cell>
              <Table.Cell textAlign="end">{formats.number(batch.rows - batch.labelled)}</Table.Cell>
              {metrics.map(({ key, of }) => {
                const found = of(batch);
                return (
                  <Table.Cell key={key} textAlign="end" whiteSpace="nowrap">
                    {found === undefined ? "–" : short(found.value, found)}
                    {found !== undefined && found.lower !== null && found.upper !== null && (
                      <Text color="fg.muted" fontSize="xs">
                        {`[${texts.interval(short(found.lower, found), short(found.upper, found))}]`}
                      </Text>
                    )}
                  </Table.Cell>
                );
              })}
              <Table.Cell>
                <RouterLink to={jobAddress(batch.job_id)}>
                  <Moment at={batch.measured_at} />
                </RouterLink>
              </Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
};

const OfBatch: FC<{ batch: Measurement }> = ({ batch }) => {
  const { evidence, intervals } = useTexts();
  const formats = useFormats();
  const { interval_start: start, interval_end: end, version, published_at, superseded_at, error } = batch;
  return (
    <Stack gap={0}>
      <Text>
        {start === null || end === null ? intervals.ever : `${formats.moment(start)} – ${formats.moment(end)}`}
      </Text>
      <Text as="span" color="fg.muted" fontSize="xs" fontWeight="normal">
        {`${evidence.version(version)}, `}
        <Moment at={published_at} />
        {superseded_at !== null && `, ${intervals.states.superseded}`}
      </Text>
      {error !== null && (
        <Text color="fg.error" fontSize="xs" fontWeight="normal" whiteSpace="pre-wrap">
          {error}
        </Text>
      )}
    </Stack>
  );
};
