import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { useFormats, useTexts } from "../texts/language";
import { Loading } from "./Loading";
import { Notice, Problem } from "./Problem";

type Props<T> = { query: UseQueryResult<T, Error>; children: (data: T) => ReactNode };

/** The state of a query: its result, a spinner, or the error; an earlier result stays visible. */
export const Answer = <T,>({ query, children }: Props<T>): ReactNode => {
  const texts = useTexts();
  const formats = useFormats();
  const { data, error, refetch, dataUpdatedAt } = query;
  if (data === undefined) {
    return error === null ? <Loading /> : <Problem error={error} retry={refetch} />;
  }
  return (
    <>
      {error !== null && (
        <>
          <Problem error={error} retry={refetch} />
          <Notice status="warning" text={texts.stale(formats.moment(new Date(dataUpdatedAt).toISOString()))} />
        </>
      )}
      {children(data)}
    </>
  );
};
