import { Heading, Stack } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { listAddress } from "../addresses";
import { getSlowest, type JobType, type Period, type TypeAnalysis } from "../api/client";
import { Found } from "../jobs/Found";
import { type Filters, searchOf } from "../jobs/filters";
import { JobTable } from "../jobs/JobTable";
import { useJobs } from "../jobs/queries";
import { Answer } from "../parts/Answer";
import { DataTable } from "../parts/DataTable";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import { useFormats, useTexts } from "../texts/language";
import { Charts } from "./Charts";
import { endOf, type Span } from "./spans";
import { figures } from "./Summary";

const FEW = 10;
const SECONDS = 30;

type Props = { analysis: TypeAnalysis; span: Span };

/** One type: charts, the same as numbers, and the jobs that stand out. */
export const OneType: FC<Props> = ({ analysis, span }) => {
  const texts = useTexts();
  const own = texts.analysis;
  const { type } = analysis;
  return (
    <Stack as="section" gap={5} aria-label={texts.types[type]}>
      <Heading as="h2" size="lg">
        {texts.types[type]}
      </Heading>
      <Charts analysis={analysis} span={span} />
      <Section title={own.slowest}>
        <Slowest type={type} span={span} />
      </Section>
      <Section title={own.failed}>
        <Failed type={type} span={span} />
      </Section>
      <Section title={own.byPeriod}>
        <Periods analysis={analysis} span={span} />
      </Section>
    </Stack>
  );
};

const Slowest: FC<{ type: JobType; span: Span }> = ({ type, span }) => {
  const own = useTexts().analysis;
  const query = useQuery({
    queryKey: ["slowest", type, span.from, span.before],
    queryFn: ({ signal }) => getSlowest(type, span, FEW, signal),
    refetchInterval: SECONDS * 1000,
  });
  return (
    <Answer query={query}>
      {({ jobs }) => (jobs.length === 0 ? <Notice text={own.noneEnded} /> : <JobTable jobs={jobs} />)}
    </Answer>
  );
};

/** The list of a type's jobs that were created in a time. */
const useList = () => {
  const formats = useFormats();
  return (type: JobType, from: string, before: string, filters: Partial<Filters> = {}): string =>
    listAddress(searchOf({ types: [type], from: formats.wall(from), before: formats.wall(before), ...filters }));
};

const Failed: FC<{ type: JobType; span: Span }> = ({ type, span }) => {
  const own = useTexts().analysis;
  const list = useList();
  const query = useJobs({
    type: [type],
    status: ["failed"],
    created_from: span.from,
    created_before: span.before,
    limit: FEW,
  });
  return (
    <Stack gap={2}>
      <Found query={query} none={own.noneFailed} />
      {query.data?.after != null && (
        <RouterLink to={list(type, span.from, span.before, { statuses: ["failed"] })}>{own.allFailed}</RouterLink>
      )}
    </Stack>
  );
};

const Periods: FC<Props> = ({ analysis, span }) => {
  const texts = useTexts();
  const formats = useFormats();
  const list = useList();
  return (
    <DataTable
      label={texts.analysis.byPeriod}
      rows={analysis.periods.toReversed()}
      keyOf={({ start }) => start}
      columns={[
        { title: texts.from, show: ({ start }) => formats.period(start, span.unit) },
        {
          title: texts.analysis.numberOfJobs,
          show: ({ start, number }) => (
            <RouterLink to={list(analysis.type, start, endOf(span, start))}>{formats.number(number)}</RouterLink>
          ),
          end: true,
        },
        {
          title: texts.analysis.failedOnes,
          show: ({ start, failed }) =>
            failed === 0 ? (
              "–"
            ) : (
              <RouterLink to={list(analysis.type, start, endOf(span, start), { statuses: ["failed"] })}>
                {formats.number(failed)}
              </RouterLink>
            ),
          end: true,
        },
        ...figures<Period>(texts, formats, (period) => period),
      ]}
    />
  );
};
