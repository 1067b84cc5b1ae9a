import assert from "node:assert/strict";
import { test } from "node:test";

import { en } from "../texts/en.ts";
import { Formats } from "../texts/formats.ts";
import { endOf, SPAN_NAMES, type SpanName, spanOf, USUAL } from "./spans.ts";

const spanIn = (zone: string, name: SpanName, now: string) =>
  spanOf(name, Date.parse(now), new Formats("en", zone, en));
const NUMBERS: Record<SpanName, number> = { "24h": 24, "7d": 7, "30d": 30, "13w": 13, "12m": 12 };

for (const zone of ["UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "America/Santiago"]) {
  test(`in ${zone}, at each hour of a year, spans have their periods, in order, of which the last one has begun`, () => {
    const formats = new Formats("en", zone, en);
    for (let now = Date.parse("2026-01-01T00:10Z"); now < Date.parse("2027-01-01T00:00Z"); now += 29 * 3_600_000) {
      for (const name of SPAN_NAMES) {
        const span = spanOf(name, now, formats);
        const starts = span.starts.map(Date.parse);
        const at = `${name} at ${new Date(now).toISOString()}`;
        assert.equal(starts.length, NUMBERS[name], at);
        assert.equal(span.from, span.starts[0], at);
        assert.ok(
          starts.every((start, index) => index === 0 || start > (starts[index - 1] ?? start)),
          at,
        );
        assert.ok((starts.at(-1) ?? now) <= now && now < Date.parse(span.before), at);
      }
    }
  });
}

test("hours begin at whole hours of the clocks, also where those are ahead by part of an hour", () => {
  const span = spanIn("Asia/Kathmandu", "24h", "2026-03-29T12:34:56Z");
  assert.equal(span.starts.at(-1), "2026-03-29T12:15:00.000Z");
  assert.equal(span.before, "2026-03-29T13:15:00.000Z");
  assert.equal(span.from, "2026-03-28T13:15:00.000Z");
});

test("the hour that clocks show twice is two hours", () => {
  // In Paris clocks go from 03:00 back to 02:00 at 01:00 UTC.
  assert.equal(spanIn("Europe/Paris", "24h", "2026-10-25T00:30Z").starts.at(-1), "2026-10-25T00:00:00.000Z");
  const second = spanIn("Europe/Paris", "24h", "2026-10-25T01:30Z");
  assert.deepEqual(second.starts.slice(-2), ["2026-10-25T00:00:00.000Z", "2026-10-25T01:00:00.000Z"]);
  assert.equal(second.before, "2026-10-25T02:00:00.000Z");
});

test("days are those of the clocks: one has 23 hours where they go forward", () => {
  const { starts, before } = spanIn("Europe/Paris", "7d", "2026-03-30T08:00Z");
  assert.deepEqual(starts.slice(-3), [
    "2026-03-27T23:00:00.000Z",
    "2026-03-28T23:00:00.000Z",
    "2026-03-29T22:00:00.000Z",
  ]);
  assert.equal(before, "2026-03-30T22:00:00.000Z");
});

test("a day whose midnight the clocks leave out begins at one o'clock", () => {
  // In Santiago clocks go from 24:00 on September 5th to 01:00 on September 6th, at 04:00 UTC.
  const { starts, before } = spanIn("America/Santiago", "7d", "2026-09-06T12:00Z");
  assert.equal(starts.at(-1), "2026-09-06T04:00:00.000Z");
  assert.equal(before, "2026-09-07T03:00:00.000Z");
});

test("the present day is that of the clocks, not of UTC", () => {
  assert.equal(spanIn("America/New_York", "7d", "2026-07-02T03:59Z").starts.at(-1), "2026-07-01T04:00:00.000Z");
  assert.equal(spanIn("America/New_York", "7d", "2026-07-02T04:00Z").starts.at(-1), "2026-07-02T04:00:00.000Z");
});

test("weeks begin on Mondays, across the end of a year too", () => {
  const sunday = spanIn("UTC", "13w", "2027-01-03T23:59Z");
  assert.equal(sunday.starts.at(-1), "2026-12-28T00:00:00.000Z");
  assert.equal(sunday.before, "2027-01-04T00:00:00.000Z");
  assert.equal(spanIn("UTC", "13w", "2027-01-04T00:00Z").starts.at(-1), "2027-01-04T00:00:00.000Z");
  assert.ok(sunday.starts.every((start) => new Date(start).getUTCDay() === 1));
});

test("months begin on the first, also seen from the 31st", () => {
  const { starts, before } = spanIn("UTC", "12m", "2028-03-31T12:00Z");
  assert.deepEqual(
    starts.map((start) => start.slice(0, 10)),
    ["2027-04", "2027-05", "2027-06", "2027-07", "2027-08", "2027-09", "2027-10", "2027-11", "2027-12"]
      .concat(["2028-01", "2028-02", "2028-03"])
      .map((month) => `${month}-01`),
  );
  assert.equal(before, "2028-04-01T00:00:00.000Z");
});

test("a period ends where the next one begins, the last one where the span does", () => {
  const span = spanIn("Europe/Paris", "7d", "2026-03-30T08:00Z");
  assert.equal(endOf(span, "2026-03-28T23:00:00.000Z"), "2026-03-29T22:00:00.000Z");
  assert.equal(endOf(span, span.starts.at(-1) ?? ""), span.before);
  // As the server writes the same instant.
  assert.equal(endOf(span, "2026-03-29T00:00:00+01:00"), "2026-03-29T22:00:00.000Z");
});

test("the usual span is one of them", () => {
  assert.ok(SPAN_NAMES.includes(USUAL));
});
