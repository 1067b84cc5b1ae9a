import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import { type Filters, filtersOf, searchOf } from "./filters";

/** The filters in the URL, and a function that changes some of them and returns to the first page. */
export const useFilters = (): [Filters, (change: Partial<Filters>) => void] => {
  const [search, setSearch] = useSearchParams();
  const filters = useMemo(() => filtersOf(search), [search]);
  const change = useCallback(
    (changes: Partial<Filters>) => {
      // A second change may come before the page is rendered again; the URL already has the first one.
      const current = filtersOf(new URLSearchParams(globalThis.location.search));
      setSearch(searchOf({ ...current, after: "", ...changes }));
    },
    [setSearch],
  );
  return [filters, change];
};
