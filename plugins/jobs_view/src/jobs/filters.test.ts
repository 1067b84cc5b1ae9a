import assert from "node:assert/strict";
import { test } from "node:test";

import { type Filters, filtersOf, isEmpty, NOTHING, PERIODS, searchOf, jobFilterOf } from "./filters.ts";

const NOW = Date.parse("2026-03-29T12:34:56.789Z");
const asUtc = (wall: string): string => (wall === "" ? "" : `${wall}:00.000Z`);
const wanted = (filters: Partial<Filters>, instant = asUtc) =>
  jobFilterOf({ ...NOTHING, ...filters }, 50, NOW, instant);
const through = (filters: Partial<Filters>): Filters => filtersOf(new URLSearchParams(searchOf(filters).toString()));

const ALL: Filters = {
  types: ["training", "feature_run"],
  statuses: ["failed", "awaiting_approval"],
  subject: "here/quick v3 & co=100% #1?+é/\u{1F40D}",
  search: "  a+b c%20d  ",
  person: "Zoé O'Neil <zoe@example.org>",
  within: "7d",
  from: "2026-03-01T00:00",
  before: "2026-03-29T02:30",
  after: "12:2026-03-01T00:00:00+00:00",
};

test("filters come back from their address as they were, whatever characters they have", () => {
  assert.deepEqual(through(ALL), ALL);
});

for (const name of Object.keys(NOTHING) as (keyof Filters)[]) {
  test(`the filter ${name} alone comes back from its address`, () => {
    assert.deepEqual(through({ [name]: ALL[name] }), { ...NOTHING, [name]: ALL[name] });
  });
}

test("no filters make an empty address, and an empty address no filters", () => {
  assert.equal(searchOf(NOTHING).toString(), "");
  assert.equal(searchOf({}).toString(), "");
  assert.deepEqual(filtersOf(new URLSearchParams()), NOTHING);
});

test("several types and statuses are several parameters, in their order", () => {
  assert.equal(
    searchOf({ types: ["training", "evaluation"], statuses: ["failed", "running"], person: "ada" }).toString(),
    "type=training&type=evaluation&status=failed&status=running&person=ada",
  );
});

test("empty and foreign parameters of an address are no filters", () => {
  assert.deepEqual(filtersOf(new URLSearchParams("subject=&search=&within=&tab=logs&limit=5&types=training")), NOTHING);
});

test("a type that there is not stays in the request, for the server to refuse", () => {
  const filters = filtersOf(new URLSearchParams("type=dreaming&status=asleep"));
  assert.equal(isEmpty(filters), false);
  assert.deepEqual(wanted(filters).type, ["dreaming"]);
  assert.deepEqual(wanted(filters).status, ["asleep"]);
});

for (const within of ["2h", "24H", " 24h", "constructor", "__proto__", "toString"]) {
  test(`the period ${JSON.stringify(within)} of an address is none`, () => {
    const filters = filtersOf(new URLSearchParams({ within, from: "2026-03-01T00:00" }));
    assert.equal(filters.within, "");
    assert.equal(wanted(filters).created_from, "2026-03-01T00:00:00.000Z");
  });
}

test("the page after the first one is no filter", () => {
  assert.equal(isEmpty({ ...NOTHING, after: "12" }), true);
  for (const name of (Object.keys(NOTHING) as (keyof Filters)[]).filter((each) => each !== "after")) {
    assert.equal(isEmpty({ ...NOTHING, [name]: ALL[name] }), false, name);
  }
});

test("a period that ends now begins at a whole minute and has no end", () => {
  const starts = PERIODS.map((within) => wanted({ within }).created_from);
  assert.deepEqual(starts, [
    "2026-03-29T11:34:00.000Z",
    "2026-03-28T12:34:00.000Z",
    "2026-03-22T12:34:00.000Z",
    "2026-02-27T12:34:00.000Z",
  ]);
  assert.equal(wanted({ within: "1h" }).created_before, undefined);
});

test("a period that ends now makes the times of an address void", () => {
  const request = wanted({ within: "1h", from: "2020-01-01T00:00", before: "2020-01-02T00:00" });
  assert.equal(request.created_from, "2026-03-29T11:34:00.000Z");
  assert.equal(request.created_before, undefined);
});

test("times are those of the clocks that the reader has chosen", () => {
  const inTokyo = (wall: string): string => (wall === "" ? "" : new Date(`${wall}+09:00`).toISOString());
  const request = wanted({ from: "2026-03-01T00:00", before: "2026-03-02T08:59" }, inTokyo);
  assert.equal(request.created_from, "2026-02-28T15:00:00.000Z");
  assert.equal(request.created_before, "2026-03-01T23:59:00.000Z");
});

test("a start alone has no end, and an end alone no start", () => {
  assert.equal(wanted({ from: "2026-03-01T00:00" }).created_before, "");
  assert.equal(wanted({ before: "2026-03-01T00:00" }).created_from, "");
});

test("texts are asked for without the spaces around them", () => {
  const request = wanted({ subject: " here/quick ", person: "\tada ", search: "  loss  " });
  assert.deepEqual([request.subject, request.person, request.search], ["here/quick", "ada", "loss"]);
});

test("a search that the server would refuse as too short is not asked for", () => {
  assert.equal(wanted({ search: " ab " }).search, undefined);
  assert.equal(wanted({ search: "abc" }).search, "abc");
  // Two characters, though JavaScript counts four units.
  assert.equal(wanted({ search: "\u{1F40D}\u{1F40D}" }).search, undefined);
  assert.equal(wanted({ search: "\u{1F40D}\u{1F40D}!" }).search, "\u{1F40D}\u{1F40D}!");
});
