/** The languages that there are texts in, and which one of them a page is in. */
import { en, type Texts } from "./en.ts";
import { Formats } from "./formats.ts";
import { fr } from "./fr.ts";

export type Language = { texts: Texts; formats: Formats };

const TEXTS = new Map<string, Texts>([
  ["en", en],
  ["fr", fr],
]);

/** The texts and formats of a page's `lang`, such as `fr-CA`; English where there are none, or where it is no language. */
export const languageOf = (lang: string, zone: string): Language => {
  let tag = "en";
  try {
    tag = Intl.getCanonicalLocales(lang)[0] ?? tag;
  } catch {
    // `lang` is whatever stands in the page.
  }
  const texts = TEXTS.get(tag.split("-")[0] ?? tag);
  return texts === undefined
    ? { texts: en, formats: new Formats("en", zone, en) }
    : { texts, formats: new Formats(tag, zone, texts) };
};

/** The time zone that the person has chosen in Airflow, from what it keeps: a name in JSON. UTC where that is none. */
export const zoneOf = (stored: string | null): string => {
  try {
    const chosen: unknown = JSON.parse(stored ?? '"UTC"');
    return new Intl.DateTimeFormat("en", { timeZone: String(chosen) }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
};
