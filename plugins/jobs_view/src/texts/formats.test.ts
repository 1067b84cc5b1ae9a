import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { en } from "./en.ts";
import { Formats } from "./formats.ts";
import { fr } from "./fr.ts";

const english = (zone = "UTC") => new Formats("en", zone, en);
const french = (zone = "UTC") => new Formats("fr", zone, fr);
/** With plain spaces: which of the no-break spaces it is, is a matter of the browser's own data. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, " ");

suite("durations", () => {
  const CASES: [number | null | undefined, string][] = [
    [null, "–"],
    [undefined, "–"],
    [0, "0 ms"],
    [0.0004, "0 ms"],
    [0.0005, "1 ms"],
    [0.25, "250 ms"],
    [0.9994, "999 ms"],
    [0.9996, "1 s"],
    [1, "1 s"],
    [1.04, "1 s"],
    [1.06, "1.1 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min 00 s"],
    [60, "1 min 00 s"],
    [61.4, "1 min 01 s"],
    [3599.4, "59 min 59 s"],
    [3599.6, "1 h 00 min"],
    [3661, "1 h 01 min"],
    [86_399, "23 h 59 min"],
    [86_399.6, "1 d 0 h"],
    [90_000, "1 d 1 h"],
    [86_400 * 1234.5, "1,234 d 12 h"],
    [-0.2, "0 ms"],
    [-86_400, "0 ms"],
  ];
  for (const [seconds, text] of CASES) {
    test(`${String(seconds)} s are ${text}`, () => assert.equal(english().duration(seconds), text));
  }

  test("in French", () => {
    assert.equal(french().duration(1.06), "1,1 s");
    assert.equal(french().duration(90_061), "1 j 1 h");
    assert.equal(plain(french().duration(86_400 * 1234)), "1 234 j 0 h");
  });
});

suite("how long ago", () => {
  const NOW = Date.parse("2026-03-29T12:00:00Z");
  const ago = (seconds: number, formats = english()) =>
    plain(formats.ago(new Date(NOW - seconds * 1000).toISOString(), NOW));
  const CASES: [number, string][] = [
    [0, "now"],
    [0.4, "now"],
    [1, "1 sec. ago"],
    [59.4, "59 sec. ago"],
    [59.6, "1 min. ago"],
    [3569, "59 min. ago"],
    [3571, "1 hr. ago"],
    [86_400 / 2, "12 hr. ago"],
    [86_300, "yesterday"],
    [86_400 * 3, "3 days ago"],
    [86_400 * 400, "400 days ago"],
  ];
  for (const [seconds, text] of CASES) {
    test(`${String(seconds)} s ago is ${text}`, () => assert.equal(ago(seconds), text));
  }

  test("what is yet to come by clocks that differ is now", () => assert.equal(ago(-5000), "now"));

  test("in French", () => {
    assert.equal(ago(0, french()), "maintenant");
    assert.equal(ago(90, french()), "il y a 2 min");
    assert.equal(ago(86_400, french()), "hier");
    assert.equal(ago(86_400 * 3, french()), "il y a 3 j");
  });
});

suite("numbers", () => {
  const CASES: [number, string, string][] = [
    [0, "0", "0"],
    [-0, "0", "0"],
    [1234567, "1,234,567", "1 234 567"],
    [999_999_999_999_999, "999,999,999,999,999", "999 999 999 999 999"],
    [1e15, "1E15", "1E15"],
    [0.1 + 0.2, "0.3", "0,3"],
    [1 / 3, "0.333333", "0,333333"],
    [123456.789, "123,457", "123 457"],
    [-2.5, "-2.5", "-2,5"],
    [0.000001, "0.000001", "0,000001"],
    [1.5e-7, "1.5E-7", "1,5E-7"],
    [Number.NaN, "NaN", "NaN"],
    [-Infinity, "-∞", "-∞"],
  ];
  for (const [value, inEnglish, inFrench] of CASES) {
    test(`${String(value)} is ${inEnglish}`, () => {
      assert.equal(english().number(value), inEnglish);
      assert.equal(plain(french().number(value)), inFrench);
    });
  }

  test("thousands in French are apart by a space that no line ends at", () => {
    assert.equal(french().number(10_000), "10\u202f000");
  });

  test("a number that goes on is said to", () => {
    assert.equal(en.counted(english().number(10_000), true), "10,000+");
    assert.equal(fr.counted(french().number(10_000), true), "10\u202f000+");
    assert.equal(en.counted(english().number(9_999), false), "9,999");
  });

  test("a difference has its sign and four digits of its own", () => {
    assert.equal(english().signed(0.00123456), "+0.001235");
    assert.equal(english().signed(-12), "-12");
    assert.equal(english().signed(0), "0");
    assert.equal(english().signed(-0), "0");
    assert.equal(french().signed(0.5), "+0,5");
  });

  test("numbers that differ look different, in as few digits as tell all of them apart", () => {
    const { compared } = { compared: (...values: number[]) => english().compared(values) };
    assert.deepEqual(compared(), []);
    assert.deepEqual(compared(0.5), ["0.5"]);
    assert.deepEqual(compared(0.723456, 0.681), ["0.723456", "0.681"]);
    assert.deepEqual(compared(0.1234567, 0.1234568), ["0.1234567", "0.1234568"]);
    assert.deepEqual(compared(0.3, 0.1 + 0.2), ["0.3", "0.30000000000000004"]);
    assert.deepEqual(compared(1e-9, 1.0000001e-9), ["1E-9", "1.0000001E-9"]);
    assert.deepEqual(french().compared([0.1234567, 0.1234568]), ["0,1234567", "0,1234568"]);
  });

  test("numbers that are equal look equal", () => {
    assert.deepEqual(english().compared([1 / 3, 1 / 3]), ["0.333333", "0.333333"]);
    assert.deepEqual(english().compared([0, -0]), ["0", "0"]);
    assert.deepEqual(english().compared([Number.NaN, Number.NaN]), ["NaN", "NaN"]);
  });

  test("shares are percents", () => {
    assert.deepEqual(
      [0, 1, 0.1234, null, undefined].map((value) => english().share(value)),
      ["0%", "100%", "12.3%", "–", "–"],
    );
    assert.equal(plain(french().share(0.1234)), "12,3 %");
  });
});

suite("sizes", () => {
  const CASES: [number, string, string][] = [
    [0, "0 bytes", "0 octet"],
    [1, "1 byte", "1 octet"],
    [999, "999 bytes", "999 octets"],
    [1000, "1 kB", "1 ko"],
    [1234, "1.23 kB", "1,23 ko"],
    [999_499, "999 kB", "999 ko"],
    [999_500, "1 MB", "1 Mo"],
    [1_234_567, "1.23 MB", "1,23 Mo"],
    [5_000_000_000, "5 GB", "5 Go"],
    [1_234_000_000_000, "1,230 GB", "1 230 Go"],
  ];
  for (const [size, inEnglish, inFrench] of CASES) {
    test(`${String(size)} are ${inEnglish}`, () => {
      assert.equal(plain(english().bytes(size)), inEnglish);
      assert.equal(plain(french().bytes(size)), inFrench);
    });
  }
});

suite("memory", () => {
  const CASES: [number, string, string][] = [
    [0, "0 MiB", "0 Mio"],
    [2 ** 19, "0.5 MiB", "0,5 Mio"],
    [123.4 * 2 ** 20, "123 MiB", "123 Mio"],
    [999.4 * 2 ** 20, "999 MiB", "999 Mio"],
    [999.6 * 2 ** 20, "0.976 GiB", "0,976 Gio"],
    [2 ** 30, "1 GiB", "1 Gio"],
    [1.25 * 2 ** 40, "1,280 GiB", "1 280 Gio"],
  ];
  for (const [size, inEnglish, inFrench] of CASES) {
    test(`${String(size)} bytes are ${inEnglish}`, () => {
      assert.equal(plain(english().memory(size)), inEnglish);
      assert.equal(plain(french().memory(size)), inFrench);
    });
  }
});

suite("times", () => {
  test("a moment has its day and time by the clocks of the zone, and which zone it is", () => {
    assert.equal(english("Europe/Paris").moment("2026-03-29T00:30:00Z"), "Mar 29, 2026, 01:30:00 GMT+1");
    assert.equal(english("Europe/Paris").moment("2026-03-29T01:00:00Z"), "Mar 29, 2026, 03:00:00 GMT+2");
    assert.equal(english("Asia/Tokyo").moment("2026-12-31T15:00:00+00:00"), "Jan 1, 2027, 00:00:00 GMT+9");
    assert.equal(plain(french("Europe/Paris").moment("2026-02-28T23:00:00Z")), "1 mars 2026, 00:00:00 UTC+1");
    assert.equal(english().timeZone, "UTC");
  });

  test("midnight is 00, not 24", () => {
    assert.equal(english().moment("2026-03-29T00:00:00Z"), "Mar 29, 2026, 00:00:00 UTC");
    assert.equal(english().period("2026-03-29T00:00:00Z", "hour"), "00:00");
    assert.equal(english().wall("2026-03-29T00:00:00Z"), "2026-03-29T00:00");
  });

  test("the time of a line of a log has milliseconds", () => {
    assert.equal(english("Asia/Kolkata").clock("2026-03-29T21:02:03.0456Z"), "02:32:03.045");
    assert.equal(french().clock("2026-03-29T21:02:03Z"), "21:02:03,000");
  });

  test("days and periods are those of the clocks of the zone", () => {
    const at = "2026-02-28T23:00:00Z";
    const periods = (formats: Formats) =>
      (["hour", "day", "week", "month"] as const).map((unit) => plain(formats.period(at, unit)));
    assert.deepEqual(periods(english("Europe/Paris")), ["00:00", "Mar 1", "Mar 1", "Mar 2026"]);
    assert.deepEqual(periods(english("America/New_York")), ["18:00", "Feb 28", "Feb 28", "Feb 2026"]);
    assert.deepEqual(periods(french("Europe/Paris")), ["00:00", "1 mars", "1 mars", "mars 2026"]);
    assert.equal(english("Europe/Paris").day(at), "Mar 1, 2026");
  });
});

suite("times of the clocks of a zone", () => {
  const ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
  ];
  for (const zone of ZONES) {
    test(`in ${zone} each time that clocks show is the instant at which they show it`, () => {
      const formats = english(zone);
      for (let at = Date.parse("2026-01-01T00:00Z"); at < Date.parse("2027-01-01T00:00Z"); at += 5 * 3_600_000) {
        const wall = formats.wall(at);
        assert.equal(formats.wall(formats.instant(wall)), wall);
      }
    });
  }

  // What PostgreSQL gives for `TIMESTAMP '…' AT TIME ZONE '…'`.
  const CASES: [string, string, string, string][] = [
    ["before clocks go forward", "Europe/Paris", "2026-03-29T01:59", "2026-03-29T00:59:00.000Z"],
    ["that clocks leave out", "Europe/Paris", "2026-03-29T02:30", "2026-03-29T01:30:00.000Z"],
    ["after clocks went forward", "Europe/Paris", "2026-03-29T03:00", "2026-03-29T01:00:00.000Z"],
    ["that clocks show twice", "Europe/Paris", "2026-10-25T02:30", "2026-10-25T01:30:00.000Z"],
    ["that clocks leave out", "America/New_York", "2026-03-08T02:30", "2026-03-08T07:30:00.000Z"],
    ["that clocks show twice", "America/New_York", "2026-11-01T01:30", "2026-11-01T06:30:00.000Z"],
    ["before they show one twice", "America/New_York", "2026-11-01T00:59", "2026-11-01T04:59:00.000Z"],
    ["a midnight that clocks leave out", "America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00:00.000Z"],
    ["a midnight that clocks leave out", "Africa/Cairo", "2026-04-24T00:00", "2026-04-23T22:00:00.000Z"],
    ["a midnight that clocks show twice", "America/Havana", "2026-11-01T00:00", "2026-11-01T05:00:00.000Z"],
    ["where clocks change by half an hour", "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45:00.000Z"],
    ["with seconds", "Asia/Kolkata", "2026-03-01T12:00:30", "2026-03-01T06:30:30.000Z"],
    ["in the last year of four digits", "UTC", "9999-12-31T23:59", "9999-12-31T23:59:00.000Z"],
  ];
  for (const [what, zone, wall, instant] of CASES) {
    test(`${what}: ${wall} in ${zone}`, () => assert.equal(english(zone).instant(wall), instant));
  }

  test("what is typed so far, or is no time, is none", () => {
    for (const wall of ["", "today", "0002-03-01T12:00", "0202-03-01T12:00", "2026-13-01T00:00", "2026-03-01T25:00"]) {
      assert.equal(english().instant(wall), "", wall);
    }
  });

  test("an instant is shown to the minute, whichever way it is given", () => {
    assert.equal(english("Europe/Paris").wall("2026-03-29T00:59:59.999Z"), "2026-03-29T01:59");
    assert.equal(english("Europe/Paris").wall(Date.parse("2026-03-29T01:00Z")), "2026-03-29T03:00");
  });
});

suite("numbers in little room", () => {
  const CASES: [number, string][] = [
    [0, "0"],
    [-0.01234, "-0.0123"],
    [99_999, "100K"],
    [1_234_567, "1.23M"],
    [1.234e16, "1.23E16"],
    [1.234e-9, "1.23E-9"],
  ];
  for (const [value, text] of CASES) {
    test(`${String(value)} is ${text}`, () => assert.equal(english().compact(value), text));
  }
});
