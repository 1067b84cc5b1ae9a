import type { FC } from "react";

import { useFormats, useTexts } from "../texts/language";
import { Notice } from "./Problem";

const LATE_SECONDS = 20;

type Props = { upTo: string | null; behind: number | null };

/** Says so when the ledger is behind, by the server's clock; `upTo` is up to when it has Airflow's news. */
export const Freshness: FC<Props> = ({ upTo, behind }) => {
  const texts = useTexts();
  const formats = useFormats();
  if (upTo === null || behind === null) {
    return <Notice status="warning" text={texts.nothingObserved} />;
  }
  return behind < LATE_SECONDS ? null : (
    <Notice status="warning" text={texts.behind(formats.moment(upTo), formats.duration(behind))} />
  );
};
