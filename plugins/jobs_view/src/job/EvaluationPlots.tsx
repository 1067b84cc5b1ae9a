import { Box, HStack, Table, Text } from "@chakra-ui/react";
import type { FC } from "react";

import type { EvaluationPlot } from "../api/client";
import { LONG } from "../parts/DataTable";
import { Figures } from "../parts/Figures";
import { AREA, DASHED, Plot, type Tick } from "../parts/Plot";
import type { Formats } from "../texts/formats";
import { useFormats, useTexts } from "../texts/language";
import { columnsOf, pathOf, placeOf, shareOf, TICKS, zeroOf } from "./curves";

type Of<Kind extends EvaluationPlot["kind"]> = { plot: Extract<EvaluationPlot, { kind: Kind }>; title: string };

/** The strongest colour of a cell of a confusion matrix, in percent; text stays readable on it. */
const STRONGEST = 40;

/** Between the labels of an axis. */
const ROOM = 40;

const short = (formats: Formats, value: number): string => formats.number(Number(value.toPrecision(3)));

const useUnits = (): { across: Tick[]; up: Tick[] } => {
  const formats = useFormats();
  const places = TICKS.map((tick) => ({ at: placeOf(AREA, [tick, tick]), text: formats.number(tick) }));
  return {
    across: places.map(({ at: [place], text }) => ({ place, text })),
    up: places.map(({ at: [, place], text }) => ({ place, text })),
  };
};

/** The plots of an evaluation, in the look of the page. `several`: their titles name the target. */
export const EvaluationPlots: FC<{ plots: EvaluationPlot[]; several: boolean }> = ({ plots, several }) => {
  const texts = useTexts().evaluation;
  const titled = (title: string, target: string) => (several ? texts.ofTarget(title, target) : title);
  return (
    <HStack gap={8} wrap="wrap" align="flex-start">
      {plots.map((plot, place) => {
        switch (plot.kind) {
          case "roc":
            return <RocCurve key={place} plot={plot} title={titled(texts.roc, plot.target)} />;
          case "precision_recall":
            return <PrecisionRecall key={place} plot={plot} title={titled(texts.precisionRecall, plot.target)} />;
          case "calibration":
            return <Calibration key={place} plot={plot} title={titled(texts.calibration, plot.target)} />;
          case "confusion":
            return <Confusion key={place} plot={plot} title={titled(texts.confusion, plot.target)} />;
          case "residuals":
            return <Residuals key={place} plot={plot} title={titled(texts.residuals, plot.target)} />;
        }
      })}
    </HStack>
  );
};

const RocCurve: FC<Of<"roc">> = ({ plot, title }) => {
  const texts = useTexts().evaluation;
  return (
    <Curve
      title={title}
      about={texts.aboutRoc}
      labels={[texts.falsePositives, texts.truePositives]}
      points={plot.points}
      chance={[
        [0, 0],
        [1, 1],
      ]}
    />
  );
};

const PrecisionRecall: FC<Of<"precision_recall">> = ({ plot, title }) => {
  const texts = useTexts().evaluation;
  return (
    <Curve
      title={title}
      about={texts.aboutPrecisionRecall}
      labels={[texts.recall, texts.precision]}
      points={plot.points}
      chance={[
        [0, plot.prevalence],
        [1, plot.prevalence],
      ]}
    />
  );
};

/** A curve between 0 and 1, with the dashed line of a model that guesses. */
const Curve: FC<{
  title: string;
  about: string;
  labels: [across: string, up: string];
  points: number[][];
  chance: number[][];
}> = ({ title, about, labels, points, chance }) => {
  const { numbers } = useTexts().evaluation;
  const formats = useFormats();
  const ticks = useUnits();
  return (
    <Plot
      title={title}
      about={about}
      across={{ label: labels[0], ticks: ticks.across }}
      up={{ label: labels[1], ticks: ticks.up }}
      numbers={numbers}
      table={<Figures headings={labels} rows={points.map((point) => point.map((value) => short(formats, value)))} />}
    >
      <path d={pathOf(AREA, chance)} {...DASHED} />
      <path d={pathOf(AREA, points)} stroke="currentColor" strokeWidth={2} fill="none" />
    </Plot>
  );
};

const Calibration: FC<Of<"calibration">> = ({ plot, title }) => {
  const texts = useTexts().evaluation;
  const formats = useFormats();
  const ticks = useUnits();
  const interval = (lower: number, upper: number) => texts.between(short(formats, lower), short(formats, upper));
  return (
    <Plot
      title={title}
      about={texts.aboutCalibration}
      across={{ label: texts.predicted, ticks: ticks.across }}
      up={{ label: texts.observed, ticks: ticks.up }}
      numbers={texts.numbers}
      table={
        <Figures
          headings={[texts.predicted, texts.observed, texts.interval, texts.rows]}
          rows={plot.bins.map(({ predicted, observed, lower, upper, rows }) => [
            short(formats, predicted),
            short(formats, observed),
            interval(lower, upper),
            formats.number(rows),
          ])}
        />
      }
    >
      <path
        d={pathOf(AREA, [
          [0, 0],
          [1, 1],
        ])}
        {...DASHED}
      />
      {plot.bins.map(({ predicted, observed, lower, upper }, place) => {
        const [x, y] = placeOf(AREA, [predicted, observed]);
        return (
          <g key={place}>
            <path
              d={pathOf(AREA, [
                [predicted, lower],
                [predicted, upper],
              ])}
              stroke="currentColor"
              strokeWidth={1.5}
            />
            <circle cx={x} cy={y} r={4} fill="currentColor" />
          </g>
        );
      })}
    </Plot>
  );
};

const Residuals: FC<Of<"residuals">> = ({ plot, title }) => {
  const texts = useTexts().evaluation;
  const formats = useFormats();
  const { edges, counts, below, above } = plot;
  const [first = 0, last = 0] = [edges[0], edges.at(-1)];
  const most = Math.max(...counts, 1);
  const zero = zeroOf(AREA, edges);
  const right = AREA.left + AREA.width;
  const centre = zero !== null && zero > AREA.left + ROOM && zero < right - ROOM;
  const rows = counts.map((count, bin): [string, string] => [
    texts.between(short(formats, edges[bin] ?? first), short(formats, edges[bin + 1] ?? last)),
    formats.number(count),
  ]);
  return (
    <Plot
      title={title}
      about={texts.aboutResiduals}
      across={{
        label: texts.residual,
        ticks: [
          { place: AREA.left, text: formats.compact(first), anchor: "start" },
          ...(centre ? [{ place: zero, text: formats.number(0) }] : []),
          { place: right, text: formats.compact(last), anchor: "end" },
        ],
      }}
      up={{
        label: texts.rows,
        ticks: [
          { place: AREA.top + AREA.height, text: "0" },
          { place: AREA.top, text: formats.compact(most) },
        ],
      }}
      numbers={texts.numbers}
      table={
        <Figures
          headings={[texts.residual, texts.rows]}
          rows={[
            ...(below > 0 ? [[texts.below(short(formats, first)), formats.number(below)]] : []),
            ...rows,
            ...(above > 0 ? [[texts.above(short(formats, last)), formats.number(above)]] : []),
          ]}
        />
      }
    >
      {columnsOf(AREA, edges, counts).map(({ x, y, width, height }, place) => (
        <rect key={place} x={x} y={y} width={width} height={height} fill="currentColor" />
      ))}
      {zero !== null && <line x1={zero} x2={zero} y1={AREA.top} y2={AREA.top + AREA.height} {...DASHED} />}
    </Plot>
  );
};

/** Numbers of rows with their shares of the row; the colour only repeats the share. */
const Confusion: FC<Of<"confusion">> = ({ plot, title }) => {
  const texts = useTexts().evaluation;
  const formats = useFormats();
  const names = [...plot.classes, ...(plot.others > 0 ? [texts.otherClasses(formats.number(plot.others))] : [])];
  return (
    <Box as="figure" maxWidth="100%">
      <Text as="figcaption" fontWeight="semibold" fontSize="sm">
        {title}
      </Text>
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={title}>
        <Table.Root size="sm" width="auto" showColumnBorder>
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>{texts.label}</Table.ColumnHeader>
              {names.map((name, place) => (
                <Table.ColumnHeader key={place} textAlign="end" {...LONG} minWidth="5rem">
                  {`${texts.predictedClass}: ${name}`}
                </Table.ColumnHeader>
              ))}
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {plot.counts.map((row, label) => (
              <Table.Row key={label}>
                <Table.ColumnHeader scope="row" {...LONG}>
                  {names[label]}
                </Table.ColumnHeader>
                {row.map((count, place) => {
                  const share = shareOf(row, count);
                  const strength = `${String(Math.round(share * STRONGEST))}%`;
                  return (
                    <Table.Cell
                      key={place}
                      textAlign="end"
                      style={{
                        background: `color-mix(in srgb, var(--chakra-colors-blue-solid) ${strength}, transparent)`,
                      }}
                      fontWeight={label === place ? "semibold" : "normal"}
                    >
                      {formats.number(count)}
                      <Text as="span" display="block" fontSize="xs">
                        {`(${formats.share(share)})`}
                      </Text>
                    </Table.Cell>
                  );
                })}
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
      <Text color="fg.muted" fontSize="sm" maxWidth="30rem">
        {texts.aboutConfusion}
      </Text>
    </Box>
  );
};
