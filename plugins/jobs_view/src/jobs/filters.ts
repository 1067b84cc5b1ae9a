/** What of the jobs is looked for: one object, kept in the address, from which the request is made. */
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
  /** Where the page before ended. */
  after: string;
};

const HOURS: Readonly<Record<Period, number>> = { "1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24 };
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

/** The filters of an address. Types and statuses that there are none of stay: the server says what is wrong with them. */
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

/** As the API wants it; `instant` reads a time of the clocks here. A period that ends now begins at a whole minute, so that the same is asked for a while. */
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
    // The server counts characters as people do, not the halves that some of them have in JavaScript.
    search: Array.from(search).length < SHORTEST_SEARCH ? undefined : search,
    person: filters.person.trim(),
    created_from: within === "" ? instant(filters.from) : since(HOURS[within]),
    created_before: within === "" ? instant(filters.before) : undefined,
    after: filters.after,
    limit,
  };
};
