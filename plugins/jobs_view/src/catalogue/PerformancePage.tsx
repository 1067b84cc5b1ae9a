import { Heading, SimpleGrid, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import { type FC, useMemo } from "react";

import { getPerformance, type Measurement, type Performance } from "../api/client";
import { Measurements } from "../job/Measurements";
import { metricsOf, overTime, timeOf } from "../job/overTime";
import { Answer } from "../parts/Answer";
import { Chart } from "../parts/Chart";
import { Notice } from "../parts/Problem";
import { useFormats, useTexts } from "../texts/language";
import { DeploymentLinks } from "./DeploymentLinks";

const SECONDS = 30;
const DIGITS = 4;

/** The performance of a deployment's predictions over time, and of those that its target has shown before and after. */
export const PerformancePage: FC<{ deployment: string }> = ({ deployment }) => {
  const texts = useTexts();
  const query = useQuery({
    queryKey: ["performance", deployment],
    queryFn: ({ signal }) => getPerformance(deployment, signal),
    refetchInterval: SECONDS * 1000,
  });
  return (
    <Answer query={query}>
      {(found) => (
        <Stack gap={4}>
          <Heading as="h2" size="md">
            {texts.performance.of(`${found.model} v${String(found.version)}`, found.target)}
          </Heading>
          <DeploymentLinks deployment={found.deployment} kind="model" current="performance" />
          {found.has_labels && <Labels found={found} />}
          {found.measurements.length > 0 ? (
            <>
              <OverTime measurements={found.measurements} />
              <Measurements measured={found} />
            </>
          ) : (
            <Notice text={found.has_labels ? texts.performance.none : texts.performance.noLabels} />
          )}
        </Stack>
      )}
    </Answer>
  );
};

const Labels: FC<{ found: Performance }> = ({ found }) => {
  const texts = useTexts().performance;
  const formats = useFormats();
  const days = found.maturity_days;
  const said = [
    texts.labels(found.dataset),
    ...(days === null ? [] : [texts.maturity(days, formats.number(days))]),
    ...(found.next_due_at === null ? [] : [texts.nextDue(formats.moment(found.next_due_at))]),
  ];
  return <Text>{said.join(", ")}</Text>;
};

/** A chart for each metric; a single batch needs none. */
const OverTime: FC<{ measurements: Measurement[] }> = ({ measurements }) => {
  const texts = useTexts().performance;
  const formats = useFormats();
  const charts = useMemo(() => {
    const batches = overTime(measurements);
    const starts = batches.map(timeOf);
    return batches.length < 2
      ? []
      : metricsOf(batches).map(({ metric, target, of }) => ({
          title: texts.metric(metric, target),
          axis: texts.until,
          starts,
          fitted: true,
          format: (value: number) => formats.number(Number(value.toPrecision(DIGITS))),
          formatStart: (seconds: number) => formats.day(new Date(seconds * 1000).toISOString()),
          timeZone: formats.timeZone,
          series: [
            { label: texts.value, token: "blue-solid", values: batches.map((batch) => of(batch)?.value ?? null) },
            {
              label: texts.lower,
              token: "fg-muted",
              dashed: true,
              values: batches.map((batch) => of(batch)?.lower ?? null),
            },
            {
              label: texts.upper,
              token: "fg-muted",
              dashed: true,
              values: batches.map((batch) => of(batch)?.upper ?? null),
            },
          ],
        }));
  }, [measurements, texts, formats]);
  return charts.length === 0 ? null : (
    <SimpleGrid columns={{ base: 1, md: 2, xl: 3 }} gap={6}>
      {charts.map((chart) => (
        <Chart key={chart.title} {...chart} />
      ))}
    </SimpleGrid>
  );
};
