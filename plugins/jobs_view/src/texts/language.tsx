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

/** The name of the time zone that Airflow keeps, as it writes it. */
const storedZone = (): string | null => {
  try {
    return localStorage.getItem("timezone");
  } catch {
    return null;
  }
};

const Chosen = createContext<Language>(languageOf("en", "UTC"));

export const LanguageProvider: FC<PropsWithChildren> = ({ children }) => {
  const lang = useSyncExternalStore(follow, () => document.documentElement.lang);
  const zone = zoneOf(useSyncExternalStore(follow, storedZone));
  const language = useMemo(() => languageOf(lang, zone), [lang, zone]);
  return <Chosen value={language}>{children}</Chosen>;
};

export const useTexts = (): Texts => useContext(Chosen).texts;
export const useFormats = (): Formats => useContext(Chosen).formats;
