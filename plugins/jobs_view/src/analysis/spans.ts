/** Times that can be analysed: so many hours, days, weeks or months, the present one included. */
import type { Unit } from "../api/client";
import type { Formats } from "../texts/formats";

export type SpanName = "24h" | "7d" | "30d" | "13w" | "12m";

const SPANS: Record<SpanName, { unit: Unit; number: number }> = {
  "24h": { unit: "hour", number: 24 },
  "7d": { unit: "day", number: 7 },
  "30d": { unit: "day", number: 30 },
  "13w": { unit: "week", number: 13 },
  "12m": { unit: "month", number: 12 },
};
export const SPAN_NAMES = Object.keys(SPANS) as SpanName[];
export const USUAL: SpanName = "30d";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const MONDAY = 1;
const DAYS_OF_WEEK = 7;

export type Span = { unit: Unit; from: string; before: string; starts: string[] };

/** The start of the period `back` periods before the one of a wall time, as a wall time. */
const beginning = (wall: string, unit: Exclude<Unit, "hour">, back: number): string => {
  const day = new Date(`${wall.slice(0, 10)}T00:00Z`);
  if (unit === "month") {
    day.setUTCDate(1);
    day.setUTCMonth(day.getUTCMonth() - back);
  } else if (unit === "week") {
    const sinceMonday = (day.getUTCDay() - MONDAY + DAYS_OF_WEEK) % DAYS_OF_WEEK;
    day.setUTCDate(day.getUTCDate() - sinceMonday - back * DAYS_OF_WEEK);
  } else {
    day.setUTCDate(day.getUTCDate() - back);
  }
  return day.toISOString().slice(0, 16);
};

/** The periods of a span that ends with the present one, in the time zone of the formats. */
export const spanOf = (name: SpanName, now: number, formats: Formats): Span => {
  const { unit, number } = SPANS[name];
  const wall = formats.wall(now);
  // Hours follow each other whatever the clocks do, also where they show one twice; other periods begin when the clocks
  // say so.
  const hour = Math.floor(now / MINUTE_MS) * MINUTE_MS - Number(wall.slice(14, 16)) * MINUTE_MS;
  const startOf = (back: number): string =>
    unit === "hour" ? new Date(hour - back * HOUR_MS).toISOString() : formats.instant(beginning(wall, unit, back));
  const starts = Array.from({ length: number }, (_, index) => startOf(number - 1 - index));
  return { unit, starts, from: starts[0] ?? "", before: startOf(-1) };
};

/** When a period ends: the next one's start. */
export const endOf = (span: Span, start: string): string => {
  const at = new Date(start).getTime();
  return span.starts.find((each) => new Date(each).getTime() > at) ?? span.before;
};
