/** Schedules in words, by the library cronstrue. */
import cronstrue from "cronstrue";
import "cronstrue/locales/fr.js";

const PRESETS: Record<string, string> = {
  "@hourly": "0 * * * *",
  "@daily": "0 0 * * *",
  "@weekly": "0 0 * * 0",
  "@monthly": "0 0 1 * *",
  "@quarterly": "0 0 1 */3 *",
  "@yearly": "0 0 1 1 *",
};

/** The fields or the preset of cron in words; null for anything else. */
export const cronInWords = (schedule: string, locale: "en" | "fr"): string | null => {
  try {
    return cronstrue.toString(PRESETS[schedule] ?? schedule, { locale, use24HourTimeFormat: true, verbose: true });
  } catch {
    return null;
  }
};
