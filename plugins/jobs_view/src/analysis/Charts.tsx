import { SimpleGrid } from "@chakra-ui/react";
import { type FC, useMemo } from "react";

import type { Period, TypeAnalysis } from "../api/client";
import { Chart, type Series } from "../parts/Chart";
import { useFormats, useTexts } from "../texts/language";
import type { Span } from "./spans";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Steps of an axis of seconds. */
const STEPS = [
  ...[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 5, 10, 20, 50, 100, 200].map((days) => days * DAY),
];
const WHOLE = [1, 2, 5]
  .flatMap((step) => [1, 10, 100, 1e3, 1e4, 1e5].map((scale) => step * scale))
  .sort((a, b) => a - b);

/** Number, failure rate, waiting and working, period by period. */
export const Charts: FC<{ analysis: TypeAnalysis; span: Span }> = ({ analysis, span }) => {
  const texts = useTexts();
  const formats = useFormats();
  const own = texts.analysis;
  const charts = useMemo(() => {
    const found = new Map(analysis.periods.map((period) => [new Date(period.start).getTime(), period]));
    const periods = span.starts.map((start) => found.get(new Date(start).getTime()));
    const values = (value: (period: Period) => number | null | undefined) =>
      periods.map((period) => (period === undefined ? null : (value(period) ?? null)));
    const spread = (of: "waited" | "worked"): Series[] => [
      { label: own.median, token: "blue-solid", values: values((period) => period[of]?.median) },
      { label: own.p95, token: "orange-solid", dashed: true, values: values((period) => period[of]?.p95) },
    ];
    const common = {
      axis: texts.from,
      starts: span.starts.map((start) => new Date(start).getTime() / 1000),
      formatStart: (seconds: number) => formats.period(seconds * 1000, span.unit),
      timeZone: formats.timeZone,
    };
    const number = (value: number) => formats.number(value);
    const duration = (value: number) => formats.duration(value);
    return [
      {
        ...common,
        title: own.numberOfJobs,
        format: number,
        steps: WHOLE,
        series: [
          { label: own.all, token: "blue-solid", bars: true, values: values((period) => period.number) },
          {
            label: own.failedOnes,
            token: "failed-solid",
            bars: true,
            values: values((period) => period.failed),
          },
        ],
      },
      {
        ...common,
        title: own.failureRate,
        format: (value: number) => formats.share(value),
        most: 1,
        series: [
          {
            label: own.failureRate,
            token: "failed-solid",
            values: values((period) => period.failure_rate),
          },
        ],
      },
      { ...common, title: texts.waited, format: duration, steps: STEPS, series: spread("waited") },
      { ...common, title: texts.worked, format: duration, steps: STEPS, series: spread("worked") },
    ];
  }, [analysis, span, texts, formats, own]);
  return (
    <SimpleGrid columns={{ base: 1, xl: 2 }} gap={6}>
      {charts.map((chart) => (
        <Chart key={chart.title} {...chart} />
      ))}
    </SimpleGrid>
  );
};
