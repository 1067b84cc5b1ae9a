import { HStack, Stack, Text } from "@chakra-ui/react";
import { type FC, useMemo } from "react";

import type { Direction, Version } from "../api/client";
import { Chart } from "../parts/Chart";
import { Choice } from "../parts/Fields";
import { Section } from "../parts/Section";
import { useFormats, useTexts } from "../texts/language";
import { glanceOf, pointsOf } from "./versions";

const DIGITS = 4;

type Props = {
  rows: Version[];
  metric: string | null;
  metrics: string[];
  better: Direction | null;
  choose: (change: Record<string, string>) => void;
};

/** A metric over the versions of a model, with those in production marked, and the same in words. */
export const MetricChart: FC<Props> = ({ rows, metric, metrics, better, choose }) => {
  const texts = useTexts();
  const own = texts.model.chart;
  return (
    <Section title={own.title}>
      {metric === null ? (
        <Text>{own.none}</Text>
      ) : (
        <Stack gap={3}>
          <HStack>
            <Choice
              label={own.choose}
              value={metric}
              set={(name) => choose({ metric: name })}
              options={metrics.map((name) => [name, name])}
            />
          </HStack>
          <Drawn rows={rows} metric={metric} better={better} />
        </Stack>
      )}
    </Section>
  );
};

const Drawn: FC<{ rows: Version[]; metric: string; better: Direction | null }> = ({ rows, metric, better }) => {
  const texts = useTexts();
  const own = texts.model.chart;
  const formats = useFormats();
  const points = useMemo(() => pointsOf(rows, metric), [rows, metric]);
  const chart = useMemo(
    () => ({
      title: better === null ? metric : `${metric} (${own.better[better]})`,
      axis: own.axis,
      starts: points.map(({ number }) => number),
      numbered: true,
      fitted: true,
      format: (value: number) => formats.number(Number(value.toPrecision(DIGITS))),
      formatStart: (number: number) => `v${String(number)}`,
      timeZone: formats.timeZone,
      series: [
        { label: metric, token: "blue-solid", values: points.map(({ value }) => value) },
        {
          label: own.inProduction(metric),
          token: "green-solid",
          marks: true,
          values: points.map(({ value, inProduction }) => (inProduction ? value : null)),
        },
      ],
    }),
    [points, metric, better, own, formats],
  );
  const { newest, best, production } = glanceOf(points, better);
  const shown = ({ number, value }: { number: number; value: number }): [number, string] => [
    number,
    formats.number(Number(value.toPrecision(DIGITS))),
  ];
  const isBest = newest !== null && newest.value === best?.value;
  const said = [
    ...(newest === null ? [] : [(isBest ? own.newestAndBest : own.newest)(...shown(newest))]),
    ...(best === null || isBest ? [] : [own.best(...shown(best))]),
    ...(production.length === 0
      ? []
      : [own.production(production.map((one) => own.withValue(...shown(one))).join(", "))]),
  ];
  return (
    <Stack gap={1}>
      {points.length > 1 && <Chart {...chart} />}
      <Text fontSize="sm">{texts.analysis.of(metric, said.join("; "))}</Text>
    </Stack>
  );
};
