import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import { type Filters, filtersOf, searchOf } from "./filters";

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
