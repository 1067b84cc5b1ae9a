/** Sentences for the errors of requests, which say what to do. */
import { type Reason, RequestFailed } from "../api/client.ts";
import type { Texts } from "../texts/en";

/** A reason in the language of the reader; null if this page doesn't know the code. */
export const inWords = ({ code, values }: Reason, texts: Texts): string | null => {
  if (!Object.hasOwn(texts.refusals, code)) {
    return null;
  }
  const words: Record<string, Record<string, string>> = {
    status: texts.statuses,
    action: texts.actions,
    ending: texts.catalogue.endings,
    version_status: texts.versionStatuses,
  };
  const named = Object.entries(values).map(([name, value]) => [name, words[name]?.[value] ?? String(value)]);
  return texts.refusals[code as keyof Texts["refusals"]](Object.fromEntries(named) as Record<string, string>);
};

const reasonOf = (error: Error, texts: Texts): string | null =>
  error instanceof RequestFailed && error.reason !== null ? inWords(error.reason, texts) : null;

const ofStatus = (error: Error, texts: Texts): string => {
  const status = error instanceof RequestFailed ? error.status : 0;
  switch (status) {
    case 0:
      return texts.failures.unreachable;
    case 401:
      return texts.failures.signedOut;
    case 403:
      return texts.failures.forbidden;
    case 503:
      return texts.failures.ledger;
    default:
      return texts.failures.other(status, error.message);
  }
};

export const sentence = (error: Error, texts: Texts): string => reasonOf(error, texts) ?? ofStatus(error, texts);

/** Why the server refuses: in the reader's language, or in its own words where the code is unknown or missing. */
export const refusal = (error: Error, texts: Texts): string =>
  reasonOf(error, texts) ??
  (error instanceof RequestFailed && [400, 403, 409].includes(error.status) ? error.message : ofStatus(error, texts));
