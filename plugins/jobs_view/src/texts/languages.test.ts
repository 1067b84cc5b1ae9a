import assert from "node:assert/strict";
import { test } from "node:test";

import { en } from "./en.ts";
import { fr } from "./fr.ts";
import { languageOf, zoneOf } from "./languages.ts";

test("regions have the texts of their language, and formats of their own", () => {
  const shown = (lang: string) => {
    const { texts, formats } = languageOf(lang, "UTC");
    return [texts === fr ? "fr" : "en", formats.day("2026-03-29T00:00:00Z")];
  };
  assert.deepEqual(shown("en"), ["en", "Mar 29, 2026"]);
  assert.deepEqual(shown("en-GB"), ["en", "29 Mar 2026"]);
  assert.deepEqual(shown("fr"), ["fr", "29 mars 2026"]);
  assert.deepEqual(shown("FR-ca"), ["fr", "29 mars 2026"]);
});

test("a language without texts, or that is none, is English throughout", () => {
  for (const lang of ["de", "zh-CN", "", "en_US", "constructor", "fr_FR", "-", "frx"]) {
    const { texts, formats } = languageOf(lang, "UTC");
    assert.equal(texts, en, lang);
    assert.equal(formats.number(1234.5), "1,234.5", lang);
  }
});

test("the formats are of the time zone", () => {
  assert.equal(languageOf("fr", "Europe/Paris").formats.timeZone, "Europe/Paris");
});

test("the time zone is the one that Airflow keeps, else UTC", () => {
  assert.equal(zoneOf('"Europe/Paris"'), "Europe/Paris");
  assert.equal(zoneOf('"europe/paris"'), "Europe/Paris");
  for (const stored of [null, "", "null", "Europe/Paris", '"Mars/Base"', '""', "{}", "[]", "5"]) {
    assert.equal(zoneOf(stored), "UTC", String(stored));
  }
});
