import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { getCounts, getJobs, type JobFilter } from "../api/client";

const LIST_SECONDS = 3;
const COUNTS_SECONDS = 10;

/** The jobs that match a filter, refreshed while the page is visible. */
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
