/** What of the jobs is looked for: one object, kept in the address, from which the request is made. */
import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import type { JobStatus, JobType, Wanted } from "../api/client";

export type Period = "1h" | "24h" | "7d" | "30d";

export type Filters = {
  types: JobType[];
  statuses: JobStatus[];
  subject: string;
  search: string;
  person: string;
  /** A period that ends now, or "" for the times in `from` and `before`. */
  within: Period | "";
  from: string;
  before: string;
  /** Where the page before ended. */
  after: string;
};

const HOURS: Record<Period, number> = { "1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24 };
export const PERIODS = Object.keys(HOURS) as Period[];
const MINUTE = 60_000;
/** Characters that a text must have to be looked for anywhere in what jobs are known by. */
export const SHORTEST_SEARCH = 3;
export const NOTHING: Filters = {
  types: [],
  statuses: [],
  subject: "",
  search: "",
  person: "",
  within: "",
  from: "",
  before: "",
  after: "",
};

const filtersOf = (search: URLSearchParams): Filters => ({
  types: search.getAll("type") as JobType[],
  statuses: search.getAll("status") as JobStatus[],
  subject: search.get("subject") ?? "",
  search: search.get("search") ?? "",
  person: search.get("person") ?? "",
  within: (search.get("within") ?? "") as Period | "",
  from: search.get("from") ?? "",
  before: search.get("before") ?? "",
  after: search.get("after") ?? "",
});

export const searchOf = (filters: Partial<Filters>): URLSearchParams => {
  const { types = [], statuses = [], ...texts } = filters;
  const search = new URLSearchParams();
  types.forEach((type) => search.append("type", type));
  statuses.forEach((status) => search.append("status", status));
  for (const [name, value] of Object.entries(texts)) {
    if (value !== "") {
      search.set(name, value);
    }
  }
  return search;
};

/** The filters of the address, and how to change some of them; that leads back to the first page. */
export const useFilters = (): [Filters, (change: Partial<Filters>) => void] => {
  const [search, setSearch] = useSearchParams();
  const filters = useMemo(() => filtersOf(search), [search]);
  const change = useCallback(
    (changes: Partial<Filters>) => {
      // Two changes may follow each other sooner than the page is drawn anew; the address has the first one already.
      const current = filtersOf(new URLSearchParams(globalThis.location.search));
      setSearch(searchOf({ ...current, after: "", ...changes }));
    },
    [setSearch],
  );
  return [filters, change];
};

export const isEmpty = (filters: Filters): boolean => searchOf({ ...filters, after: "" }).size === 0;

/** As the API wants it; `instant` reads a time of the clocks here. A period that ends now begins at a whole minute, so that the same is asked for a while. */
export const wantedOf = (filters: Filters, limit: number, now: number, instant: (wall: string) => string): Wanted => {
  const hours = HOURS[filters.within as Period] as number | undefined;
  const since = Math.floor(now / MINUTE) * MINUTE - (hours ?? 0) * 60 * MINUTE;
  return {
    type: filters.types,
    status: filters.statuses,
    subject: filters.subject.trim(),
    search: filters.search.trim().length < SHORTEST_SEARCH ? undefined : filters.search.trim(),
    person: filters.person.trim(),
    created_from: hours === undefined ? instant(filters.from) : new Date(since).toISOString(),
    created_before: hours === undefined ? instant(filters.before) : undefined,
    after: filters.after,
    limit,
  };
};
