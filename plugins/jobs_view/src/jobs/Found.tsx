import type { UseQueryResult } from "@tanstack/react-query";
import type { FC } from "react";

import type { JobsPage } from "../api/client";
import { Answer } from "../parts/Answer";
import { Freshness } from "../parts/Freshness";
import { Notice } from "../parts/Problem";
import { JobTable } from "./JobTable";

/** What became of the request for some jobs: the jobs, that there are none, that it takes time, or what went wrong. */
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
