import { Box, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { type EvaluationDetails as Details, type EvaluationSlice, getEvaluation } from "../api/client";
import { Answer } from "../parts/Answer";
import { LONG } from "../parts/DataTable";
import { Section } from "../parts/Section";
import type { Formats } from "../texts/formats";
import { useFormats, useTexts } from "../texts/language";
import { EvaluationPlots } from "./EvaluationPlots";

/** The details of an evaluation, which is found by its digest: plots, figures by class and by slice. */
export const EvaluationDetails: FC<{ job: number; digest: string }> = ({ job, digest }) => {
  const query = useQuery({
    queryKey: ["evaluation", job, digest],
    queryFn: ({ signal }) => getEvaluation(job, digest, signal),
  });
  return <Answer query={query}>{(details) => <Shown details={details} />}</Answer>;
};

const Shown: FC<{ details: Details }> = ({ details: { plots, classes, slices } }) => {
  const texts = useTexts();
  const several = new Set([...plots, ...classes, ...slices].map(({ target }) => target)).size > 1;
  const columns = [...new Set(slices.map(({ column }) => column))];
  return (
    <Stack gap={6}>
      {plots.length > 0 && (
        <Section title={texts.evidence.plots}>
          <EvaluationPlots plots={plots} several={several} />
        </Section>
      )}
      {classes.length > 0 && <Classes classes={classes} several={several} />}
      {columns.map((column) => (
        <Slices key={column} column={column} slices={slices.filter((one) => one.column === column)} several={several} />
      ))}
    </Stack>
  );
};

const short = (formats: Formats, value: number | null | undefined): string =>
  value === null || value === undefined ? "–" : formats.number(Number(value.toPrecision(4)));

const Classes: FC<{ classes: Details["classes"]; several: boolean }> = ({ classes, several }) => {
  const { evaluation: texts, catalogue } = useTexts();
  const formats = useFormats();
  return (
    <Section title={texts.classes}>
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={texts.classes}>
        <Table.Root size="sm" width="auto">
          <Table.Header>
            <Table.Row>
              {several && <Table.ColumnHeader>{catalogue.target}</Table.ColumnHeader>}
              <Table.ColumnHeader>{texts.class}</Table.ColumnHeader>
              {[texts.rows, texts.predictedRows, texts.precision, texts.recall, texts.f1].map((heading) => (
                <Table.ColumnHeader key={heading} textAlign="end">
                  {heading}
                </Table.ColumnHeader>
              ))}
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {classes.map((one, place) => (
              <Table.Row key={place}>
                {several && <Table.Cell>{one.target}</Table.Cell>}
                <Table.ColumnHeader scope="row" {...LONG}>
                  {one.class}
                </Table.ColumnHeader>
                <Table.Cell textAlign="end">{formats.number(one.rows)}</Table.Cell>
                <Table.Cell textAlign="end">{formats.number(one.predicted)}</Table.Cell>
                {[one.precision, one.recall, one.f1].map((value, number) => (
                  <Table.Cell key={number} textAlign="end">
                    {short(formats, value)}
                  </Table.Cell>
                ))}
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
      {classes.some(({ precision, recall }) => precision === null || recall === null) && (
        <Text color="fg.muted" marginTop={2}>
          {texts.aboutClasses}
        </Text>
      )}
    </Section>
  );
};

const Slices: FC<{ column: string; slices: EvaluationSlice[]; several: boolean }> = ({ column, slices, several }) => {
  const { evaluation: texts, catalogue } = useTexts();
  const formats = useFormats();
  const metrics = [...new Set(slices.flatMap(({ metrics: found }) => Object.keys(found)))];
  const missing = slices.some(({ labels_missing: number }) => number > 0);
  const nameOf = ({ value, others }: EvaluationSlice): string =>
    value ?? (others > 0 ? texts.otherValues(formats.number(others)) : texts.noValue);
  return (
    <Section title={texts.slices(column)}>
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={texts.slices(column)}>
        <Table.Root size="sm" width="auto">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>{texts.value}</Table.ColumnHeader>
              {several && <Table.ColumnHeader>{catalogue.target}</Table.ColumnHeader>}
              <Table.ColumnHeader textAlign="end">{texts.rows}</Table.ColumnHeader>
              {missing && <Table.ColumnHeader textAlign="end">{texts.labelsMissing}</Table.ColumnHeader>}
              {metrics.map((metric) => (
                <Table.ColumnHeader key={metric} textAlign="end">
                  {metric}
                </Table.ColumnHeader>
              ))}
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {slices.map((slice, place) => (
              <Table.Row key={place}>
                <Table.ColumnHeader scope="row" {...LONG} fontStyle={slice.value === null ? "italic" : "normal"}>
                  {nameOf(slice)}
                </Table.ColumnHeader>
                {several && <Table.Cell>{slice.target}</Table.Cell>}
                <Table.Cell textAlign="end">{formats.number(slice.rows)}</Table.Cell>
                {missing && <Table.Cell textAlign="end">{formats.number(slice.labels_missing)}</Table.Cell>}
                {metrics.map((metric) => (
                  <Table.Cell key={metric} textAlign="end" verticalAlign="top">
                    {short(formats, slice.metrics[metric])}
                    {Object.hasOwn(slice.undefined, metric) && (
                      <Text color="fg.muted" fontSize="xs" maxWidth="8rem" whiteSpace="normal" marginStart="auto">
                        {texts.reason(slice.undefined[metric] ?? "")}
                      </Text>
                    )}
                  </Table.Cell>
                ))}
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
    </Section>
  );
};
