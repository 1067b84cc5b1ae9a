/** What went wrong with a request, as sentences that say what to do. */
import { RequestFailed } from "../api/client.ts";
import type { Texts } from "../texts/en";

export const sentence = (error: Error, texts: Texts): string => {
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

/** Why the server refuses, in its own words where it has any. */
export const refusal = (error: Error, texts: Texts): string =>
  error instanceof RequestFailed && [400, 403, 409].includes(error.status) ? error.message : sentence(error, texts);
