import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { getMeasured, type WholeJob } from "../api/client";
import { Answer } from "../parts/Answer";
import { Notice } from "../parts/Problem";
import { useTexts } from "../texts/language";
import { Measurements } from "./Measurements";

/** The performance of the batches that a job has measured. */
export const MeasuredByJob: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts().performance;
  const query = useQuery({
    queryKey: ["measured", job.id, job.status, job.attempt],
    queryFn: ({ signal }) => getMeasured(job.id, signal),
  });
  return (
    <Answer query={query}>
      {(measured) =>
        measured.measurements.length === 0 ? <Notice text={texts.none} /> : <Measurements measured={measured} />
      }
    </Answer>
  );
};
