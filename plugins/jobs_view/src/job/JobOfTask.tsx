import type { FC } from "react";

import { useJobs } from "../jobs/queries";
import { Answer } from "../parts/Answer";
import { Notice } from "../parts/Problem";
import { useTexts } from "../texts/language";
import { JobPage } from "./JobPage";

type Props = { dagId: string; runId: string; taskId: string; mapIndex: number };

/** The job that a task instance is, as a tab of its page in Airflow. */
export const JobOfTask: FC<Props> = ({ dagId, runId, taskId, mapIndex }) => {
  const texts = useTexts();
  const query = useJobs({ dag_id: dagId, run_id: runId, task_id: taskId, map_index: mapIndex, limit: 1 });
  return (
    <Answer query={query}>
      {({ jobs: [job] }) => (job === undefined ? <Notice text={texts.noJobOfTask} /> : <JobPage id={String(job.id)} />)}
    </Answer>
  );
};
