import type { UseQueryResult } from "@tanstack/react-query";
import type { FC } from "react";

import type { JobsPage } from "../api/client";
import { Answer } from "../parts/Answer";
import { Freshness } from "../parts/Freshness";
import { Notice } from "../parts/Problem";
import { JobTable } from "./JobTable";

/** The result of a query for jobs: the jobs, a notice that there are none, a spinner, or the error. */
export const Found: FC<{ query: UseQueryResult<JobsPage, Error>; none: string }> = ({ query, none }) => (
  <Answer query={query}>
    {({ jobs, known_up_to, behind }) => (
      <>
        {query.error === null && <Freshness upTo={known_up_to} behind={behind} />}
        {jobs.length === 0 ? <Notice text={none} /> : <JobTable jobs={jobs} />}
      </>
    )}
  </Answer>
);
