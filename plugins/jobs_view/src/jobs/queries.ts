import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { getCounts, getJobs, type JobFilter } from "../api/client";

const LIST_SECONDS = 3;
const COUNTS_SECONDS = 10;

/** Jobs that fit, asked for again and again while the page is looked at. */
export const useJobs = (wanted: JobFilter) =>
  useQuery({
    queryKey: ["jobs", wanted],
    queryFn: ({ signal }) => getJobs(wanted, signal),
    placeholderData: keepPreviousData,
    refetchInterval: LIST_SECONDS * 1000,
  });

export const useCounts = () =>
  useQuery({
    queryKey: ["counts"],
    queryFn: ({ signal }) => getCounts(signal),
    refetchInterval: COUNTS_SECONDS * 1000,
  });
