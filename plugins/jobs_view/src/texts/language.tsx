/** The language of Airflow's pages, of which this is one; a switch is followed at once. */
import { createContext, type FC, type PropsWithChildren, useContext, useMemo, useSyncExternalStore } from "react";

import { en, type Texts } from "./en";
import { fr } from "./fr";
import { Formats } from "./formats";

const TEXTS: Record<string, Texts> = { en, fr };

type Language = { texts: Texts; formats: Formats };

const follow = (changed: () => void): (() => void) => {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["lang"] });
  globalThis.addEventListener("local-storage", changed); // where Airflow tells of another time zone
  return () => {
    observer.disconnect();
    globalThis.removeEventListener("local-storage", changed);
  };
};

/** The time zone that the person has chosen in Airflow. */
const timeZone = (): string => {
  try {
    const chosen: unknown = JSON.parse(localStorage.getItem("timezone") ?? '"UTC"');
    return new Intl.DateTimeFormat("en", { timeZone: String(chosen) }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
};

const Chosen = createContext<Language>({ texts: en, formats: new Formats("en", "UTC", en) });

export const LanguageProvider: FC<PropsWithChildren> = ({ children }) => {
  const lang = useSyncExternalStore(follow, () => document.documentElement.lang || "en");
  const zone = useSyncExternalStore(follow, timeZone);
  const language = useMemo(() => {
    const texts = TEXTS[lang.split("-")[0] ?? "en"] ?? en;
    return { texts, formats: new Formats(texts === en ? (lang.startsWith("en") ? lang : "en") : lang, zone, texts) };
  }, [lang, zone]);
  return <Chosen value={language}>{children}</Chosen>;
};

export const useTexts = (): Texts => useContext(Chosen).texts;
export const useFormats = (): Formats => useContext(Chosen).formats;
