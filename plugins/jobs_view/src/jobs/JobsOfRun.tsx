import type { FC } from "react";

import { Notice } from "../parts/Problem";
import { useTexts } from "../texts/language";
import { Found } from "./Found";
import { useJobs } from "./queries";

const MOST = 200;

/** The jobs of a DAG run, as a tab of its page in Airflow. */
export const JobsOfRun: FC<{ dagId: string; runId: string }> = ({ dagId, runId }) => {
  const texts = useTexts();
  const query = useJobs({ dag_id: dagId, run_id: runId, limit: MOST });
  return (
    <>
      {query.data?.after != null && <Notice text={texts.onlyNewest(MOST)} />}
      <Found query={query} none={texts.noJobsOfRun} />
    </>
  );
};
