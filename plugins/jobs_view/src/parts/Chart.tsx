import { Box, Text } from "@chakra-ui/react";
import { type FC, memo, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import UPlot from "uplot";
import css from "uplot/dist/uPlot.min.css?inline";

/** The legend as the rest of the page; as wide as its values need, so that it doesn't move under the pointer. */
const LEGEND =
  ".uplot{font:inherit}.u-legend{text-align:start}.u-legend th{font-weight:normal}.u-legend td{min-width:5em}";
const HEIGHT = 190;
const AXIS_WIDTH = 74;
const BAR_SHARE = 0.7;
const DAY = 24 * 60 * 60;
const WIDEST_BAR = 36;
const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

export type Series = {
  label: string;
  token: string;
  values: (number | null)[];
  bars?: boolean;
  dashed?: boolean;
  marks?: boolean;
};

type Props = {
  title: string;
  /** What the axis of time is called. */
  axis: string;
  /** Where the periods start, in seconds since 1970. */
  starts: number[];
  series: Series[];
  format: (value: number) => string;
  formatStart: (seconds: number) => string;
  /** Steps that an axis may have, where powers of ten don't read well. */
  steps?: number[];
  /** The greatest value that there can be. */
  most?: number;
  /** `starts` are whole numbers, not times. */
  numbered?: boolean;
  /** The axis of values begins and ends near the least and the greatest one, not at 0. */
  fitted?: boolean;
  timeZone: string;
};

const followMode = (changed: () => void): (() => void) => {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["class", "data-theme"] });
  return () => observer.disconnect();
};

const colour = (token: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--chakra-colors-${token}`).trim();

const seriesOf = ({ label, token, bars, dashed, marks }: Series, format: Props["format"]): UPlot.Series => ({
  label,
  stroke: colour(token),
  value: (_, value: number | null | undefined) => (value === null || value === undefined ? "–" : format(value)),
  ...(dashed === true ? { dash: [6, 4] } : {}),
  ...(bars === true
    ? {
        width: 0,
        fill: colour(token),
        paths: UPlot.paths.bars?.({ size: [BAR_SHARE, WIDEST_BAR] }),
        points: { show: false },
      }
    : marks === true
      ? { width: 0, points: { show: true, size: 14, width: 3, fill: "transparent" } }
      : { width: 2, points: { show: true, size: 6, fill: colour(token) } }),
});

const rangeOf = ({ fitted, most }: Props, least: number, greatest: number): [number, number] => {
  if (fitted !== true) return [0, most ?? (greatest > 0 ? greatest * 1.1 : 1)];
  const margin = (greatest - least) / 10 || Math.abs(greatest) / 10 || 1;
  return [least - margin, greatest + margin];
};

const optionsOf = (props: Props, width: number): UPlot.Options => {
  const axis: UPlot.Axis = {
    stroke: colour("fg-muted"),
    grid: { stroke: colour("border"), width: 1 },
    ticks: { stroke: colour("border"), width: 1 },
    font: "12px sans-serif",
  };
  const [first = 0, second = first + 1] = props.starts;
  const margin = (second - first) / 2 || (props.numbered === true ? 1 : DAY / 2);
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), props.timeZone),
    cursor: { sync: { key: "periods" }, drag: { x: false, y: false } },
    legend: { live: true },
    scales: {
      // Half a period more at both ends, so that no bar is cut off.
      x: { time: props.numbered !== true, range: () => [first - margin, (props.starts.at(-1) ?? first) + margin] },
      y: { range: (_, min, max) => rangeOf(props, min, max) },
    },
    axes: [
      {
        ...axis,
        space: 90,
        values: (_, splits) => splits.map((seconds) => props.formatStart(seconds)),
        ...(props.numbered === true ? { incrs: WHOLE_STEPS } : {}),
      },
      {
        ...axis,
        size: AXIS_WIDTH,
        values: (_, splits) => splits.map((value) => props.format(value)),
        ...(props.steps === undefined ? {} : { incrs: props.steps }),
      },
    ],
    series: [
      {
        label: props.axis,
        value: (_, seconds: number | null | undefined) =>
          seconds === null || seconds === undefined ? "" : props.formatStart(seconds),
      },
      ...props.series.map((each) => seriesOf(each, props.format)),
    ],
  };
};

/** Lines or bars over time; drawn anew only when something of it has changed. Whoever can't see it finds the same numbers in a table on the page. */
export const Chart: FC<Props> = memo((props) => {
  const place = useRef<HTMLDivElement>(null);
  const mode = useSyncExternalStore(followMode, () => document.documentElement.className);
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) {
      return;
    }
    const plot = new UPlot(
      optionsOf(props, element.clientWidth),
      [props.starts, ...props.series.map(({ values }) => values)],
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [props, mode]);
  return (
    <Box as="figure" minWidth={0}>
      <style href="uplot" precedence="default">
        {css + LEGEND}
      </style>
      <Text as="figcaption" fontWeight="semibold" fontSize="sm">
        {props.title}
      </Text>
      <Box ref={place} role="img" aria-label={props.title} fontSize="sm" />
    </Box>
  );
});
Chart.displayName = "Chart";
