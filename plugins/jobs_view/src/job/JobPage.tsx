import { DataList, Heading, HStack, Stack, Tabs } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC, ReactNode } from "react";
import { useSearchParams } from "react-router-dom";

import { listAddress, runAddress, taskAddress } from "../addresses";
import { getJob, RequestFailed, type WholeJob } from "../api/client";
import { Answer } from "../parts/Answer";
import { Freshness } from "../parts/Freshness";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { StatusBadge } from "../parts/StatusBadge";
import { isExplained, isFinal } from "../parts/statuses";
import { JOB_TYPES, type Tab } from "../texts/jobTypes";
import { useFormats, useTexts } from "../texts/language";
import { Actions } from "./Actions";
import { Drift } from "./Drift";
import { Evidence } from "./Evidence";
import { LifeCycle } from "./LifeCycle";
import { MeasuredByJob } from "./MeasuredByJob";
import { Logs } from "./Logs";
import { Properties } from "./Properties";
import { PublishedSample } from "./PublishedSample";
import { BatchStatistics } from "./RecordedStatistics";

/** Seconds between refreshes of a job; a job that has ended can still be cleared. */
const LIVE_SECONDS = 2;
const FINAL_SECONDS = 15;

const NUMBER = /^[1-9]\d*$/;
const NOT_FOUND = 404;
/** One job: its log, its life, and what is on record of it. */
export const JobPage: FC<{ id: string }> = ({ id: named }) => {
  const texts = useTexts();
  const id = Number(named);
  const query = useQuery({
    queryKey: ["job", id],
    queryFn: ({ signal }) => getJob(id, signal),
    enabled: NUMBER.test(named) && Number.isSafeInteger(id),
    refetchInterval: (found) =>
      (found.state.data !== undefined && isFinal(found.state.data.status) ? FINAL_SECONDS : LIVE_SECONDS) * 1000,
  });
  const { error } = query;
  const missing = !query.isEnabled || (error instanceof RequestFailed && error.status === NOT_FOUND);
  if (missing) {
    return (
      <>
        <Notice status="warning" text={texts.noSuchJob(named)} />
        <RouterLink to={listAddress()}>{texts.backToList}</RouterLink>
      </>
    );
  }
  return (
    <Stack gap={3}>
      <Answer query={query}>{(job) => <Job job={job} />}</Answer>
    </Stack>
  );
};

/** What a tab shows. */
const CONTENTS: Record<Tab, (job: WholeJob) => ReactNode> = {
  evidence: (job) => <Evidence job={job} />,
  predictions: (job) => <PublishedSample job={job} />,
  features: (job) => <PublishedSample job={job} />,
  statistics: (job) => <BatchStatistics job={job} />,
  drift: (job) => <Drift job={job} />,
  performance: (job) => <MeasuredByJob job={job} />,
  logs: (job) => <Logs job={job} />,
  life: (job) => <LifeCycle job={job} />,
  properties: (job) => <Properties job={job} />,
};

const Job: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const [search, setSearch] = useSearchParams();
  const tabs = JOB_TYPES[job.type].tabs;
  const tab = tabs.find((name) => name === search.get("tab")) ?? tabs[0];
  const choose = (name: string) =>
    setSearch(
      (before) => {
        before.set("tab", name);
        return before;
      },
      { replace: true },
    );
  return (
    <>
      <RouterLink to={listAddress()}>{`‹ ${texts.jobs}`}</RouterLink>
      <HStack wrap="wrap" gap={3}>
        <Heading size="xl">{`${texts.types[job.type]} · ${job.subject}`}</Heading>
        <StatusBadge status={job.status} />
      </HStack>
      {job.reason !== null && isExplained(job.status) && <Notice status="error" text={job.reason} />}
      {!isFinal(job.status) && <Freshness upTo={job.known_up_to} behind={job.behind} />}
      <Facts job={job} />
      <Actions job={job} />
      <Tabs.Root value={tab} onValueChange={(details) => choose(details.value)} lazyMount unmountOnExit>
        <Tabs.List>
          {tabs.map((name) => (
            <Tabs.Trigger key={name} value={name}>
              {texts.tabs[name]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {tabs.map((name) => (
          <Tabs.Content key={name} value={name}>
            {CONTENTS[name](job)}
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </>
  );
};

/** The most important facts of a job. */
const Facts: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const formats = useFormats();
  const facts: [string, ReactNode][] = [
    [texts.number, job.id],
    [texts.askedBy, job.requested_by],
    [texts.created, <Moment key="created" at={job.created_at} />],
    [texts.waited, formats.duration(job.waited)],
    [texts.worked, formats.duration(job.worked)],
    [texts.attempt, job.attempt],
    [
      texts.inAirflow,
      <HStack key="airflow" gap={3} wrap="wrap">
        <RouterLink to={taskAddress(job)}>{texts.taskInstance}</RouterLink>
        <RouterLink to={runAddress(job)}>{texts.dagRun}</RouterLink>
      </HStack>,
    ],
  ];
  return (
    <DataList.Root orientation="vertical" display="flex" flexDirection="row" flexWrap="wrap" gap={6} size="sm">
      {facts.map(([label, value]) => (
        <DataList.Item key={label}>
          <DataList.ItemLabel>{label}</DataList.ItemLabel>
          <DataList.ItemValue>{value}</DataList.ItemValue>
        </DataList.Item>
      ))}
    </DataList.Root>
  );
};
