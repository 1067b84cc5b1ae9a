import { Button } from "@chakra-ui/react";
import type { FC } from "react";

import type { JobType, JobFigures, TypeAnalysis } from "../api/client";
import { type Column, DataTable } from "../parts/DataTable";
import type { Formats } from "../texts/formats";
import type { Texts } from "../texts/en";
import { useFormats, useTexts } from "../texts/language";

/** The columns of figures that all tables of the analysis have. */
export const figures = <T,>(texts: Texts, formats: Formats, sumOf: (row: T) => JobFigures): Column<T>[] => {
  const own = texts.analysis;
  const column = (title: string, show: (sum: JobFigures) => string): Column<T> => ({
    title,
    show: (row) => show(sumOf(row)),
    end: true,
  });
  return [
    column(own.failureRate, ({ failure_rate }) => formats.share(failure_rate)),
    column(own.of(texts.waited, own.median), ({ waited }) => formats.duration(waited?.median)),
    column(own.of(texts.waited, own.p95), ({ waited }) => formats.duration(waited?.p95)),
    column(own.of(texts.worked, own.median), ({ worked }) => formats.duration(worked?.median)),
    column(own.of(texts.worked, own.p95), ({ worked }) => formats.duration(worked?.p95)),
  ];
};

type Props = { types: TypeAnalysis[]; chosen: JobType; choose: (type: JobType) => void };

/** One line for each type; a click chooses the one that is shown in detail. */
export const Summary: FC<Props> = ({ types, chosen, choose }) => {
  const texts = useTexts();
  const formats = useFormats();
  return (
    <DataTable
      label={texts.analysis.byType}
      rows={types}
      keyOf={({ type }) => type}
      columns={[
        {
          title: texts.type,
          show: ({ type }) => (
            <Button
              size="xs"
              height="auto"
              paddingY={0.5}
              variant={type === chosen ? "subtle" : "ghost"}
              aria-pressed={type === chosen}
              onClick={() => choose(type)}
            >
              {texts.types[type]}
            </Button>
          ),
        },
        { title: texts.analysis.numberOfJobs, show: ({ whole }) => formats.number(whole.number), end: true },
        ...figures<TypeAnalysis>(texts, formats, ({ whole }) => whole),
      ]}
    />
  );
};
