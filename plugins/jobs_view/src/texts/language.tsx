/** The language of Airflow's pages, of which this is one; a switch is followed at once. */
import { createContext, type FC, type PropsWithChildren, useContext, useMemo, useSyncExternalStore } from "react";

import type { Texts } from "./en";
import type { Formats } from "./formats";
import { type Language, languageOf, zoneOf } from "./languages";

const follow = (changed: () => void): (() => void) => {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
  globalThis.addEventListener("local-storage", changed); // where Airflow tells of another time zone
  return () => {
    observer.disconnect();
    globalThis.removeEventListener("local-storage", changed);
  };
};

/** A choice that Airflow keeps in the browser, as it writes it. */
const stored = (name: string): string | null => {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
};

const storedZone = (): string | null => stored("timezone");

/** What the document says before Airflow has set its language, and after it has missed to: it listens for it too late then. */
const UNSET = "en";

/** The language of Airflow's pages: that of the document, or the stored one while the document has none yet. */
const shownLanguage = (): string => {
  const { lang } = document.documentElement;
  return lang === UNSET ? (stored("i18nextLng") ?? lang) : lang;
};

const Chosen = createContext<Language>(languageOf("en", "UTC"));

export const LanguageProvider: FC<PropsWithChildren> = ({ children }) => {
  const lang = useSyncExternalStore(follow, shownLanguage);
  const zone = zoneOf(useSyncExternalStore(follow, storedZone));
  const language = useMemo(() => languageOf(lang, zone), [lang, zone]);
  return <Chosen value={language}>{children}</Chosen>;
};

export const useTexts = (): Texts => useContext(Chosen).texts;
export const useFormats = (): Formats => useContext(Chosen).formats;
