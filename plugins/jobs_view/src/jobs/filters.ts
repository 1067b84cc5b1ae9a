/** The filters of the list of jobs. They are kept in the URL, and the request is built from them. */
import type { JobStatus, JobType, JobFilter } from "../api/client";

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
  /** The end of the previous page. */
  after: string;
};

const HOURS: Readonly<Record<Period, number>> = { "1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24 };
export const PERIODS = Object.keys(HOURS) as Period[];
const MINUTE = 60_000;
/** The minimum length of a search text. */
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

/** The filters in a URL. Unknown types and statuses are kept, so that the server reports the error. */
export const filtersOf = (search: URLSearchParams): Filters => ({
  types: search.getAll("type") as JobType[],
  statuses: search.getAll("status") as JobStatus[],
  subject: search.get("subject") ?? "",
  search: search.get("search") ?? "",
  person: search.get("person") ?? "",
  within: PERIODS.find((period) => period === search.get("within")) ?? "",
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

export const isEmpty = (filters: Filters): boolean => searchOf({ ...filters, after: "" }).size === 0;

/** The query of the API for filters; `instant` parses a local time. A period that ends now begins at a whole minute, so that the query stays the same for a while. */
export const jobFilterOf = (
  filters: Filters,
  limit: number,
  now: number,
  instant: (wall: string) => string,
): JobFilter => {
  const { within } = filters;
  const since = (hours: number): string =>
    new Date(Math.floor(now / MINUTE) * MINUTE - hours * 60 * MINUTE).toISOString();
  const search = filters.search.trim();
  return {
    type: filters.types,
    status: filters.statuses,
    subject: filters.subject.trim(),
    // The server counts Unicode characters, JavaScript counts UTF-16 code units.
    search: Array.from(search).length < SHORTEST_SEARCH ? undefined : search,
    person: filters.person.trim(),
    created_from: within === "" ? instant(filters.from) : since(HOURS[within]),
    created_before: within === "" ? instant(filters.before) : undefined,
    after: filters.after,
    limit,
  };
};
