import { Badge, Button, Heading, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { useNavigate, useSearchParams } from "react-router-dom";

import { dagAddress, intervalsAddress, jobAddress } from "../addresses";
import { type DataInterval, getIntervals, type IntervalState } from "../api/client";
import { Answer } from "../parts/Answer";
import { DataTable } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { useFormats, useTexts } from "../texts/language";
import { DeploymentLinks } from "./DeploymentLinks";
import { ScheduleInWords } from "./ScheduleInWords";

const SECONDS = 5;

/** Airflow's own colours of states. */
const PALETTES: Record<IntervalState, string> = {
  done: "success",
  running: "running",
  failed: "failed",
  superseded: "gray",
  missing: "up_for_retry",
};

/** What became of a deployment's data intervals: those that were due by its schedule, and all that were asked for. */
export const IntervalsPage: FC<{ deployment: string }> = ({ deployment }) => {
  const texts = useTexts();
  const own = texts.intervals;
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const [start, end] = [search.get("last_start"), search.get("last_end")];
  const last = start === null || end === null ? null : { start, end };
  const query = useQuery({
    queryKey: ["intervals", deployment, start, end],
    queryFn: ({ signal }) => getIntervals(deployment, last, signal),
    refetchInterval: SECONDS * 1000,
  });
  const earlier = ({ start, end }: DataInterval) => {
    const place = new URLSearchParams({ last_start: start ?? "", last_end: end ?? "" });
    void navigate(`${intervalsAddress(Number(deployment))}?${place.toString()}`);
  };
  return (
    <Answer query={query}>
      {(data) => (
        <Stack gap={3}>
          <Heading as="h2" size="md">
            {own.of(`${data.model} v${String(data.version)}`, data.target)}
          </Heading>
          <DeploymentLinks deployment={data.deployment} kind={data.kind} current="intervals">
            <RouterLink to={dagAddress(data.dag_id)}>{own.dag}</RouterLink>
          </DeploymentLinks>
          <Text color="fg.muted">{texts.catalogue.schedule}</Text>
          <ScheduleInWords schedule={data.schedule} zone={data.time_zone} paused={data.paused} />
          {data.intervals.some(({ state }) => state === "missing") && <Text color="fg.muted">{own.aboutMissing}</Text>}
          {data.intervals.length === 0 ? <Notice text={own.none} /> : <Table rows={data.intervals} />}
          {(last !== null || data.more) && (
            <HStack justify="flex-end">
              <Button
                size="sm"
                variant="outline"
                disabled={last === null}
                onClick={() => void navigate(intervalsAddress(data.deployment))}
              >
                {texts.firstPage}
              </Button>
              <Button
                size="sm"
                variant="outline"
                disabled={!data.more}
                onClick={() => data.intervals.slice(-1).forEach(earlier)}
              >
                {texts.nextPage}
              </Button>
            </HStack>
          )}
        </Stack>
      )}
    </Answer>
  );
};

const Table: FC<{ rows: DataInterval[] }> = ({ rows }) => {
  const { intervals: own, tabs } = useTexts();
  const formats = useFormats();
  const moment = (at: string | null) => (at === null ? own.ever : formats.moment(at));
  return (
    <DataTable
      label={own.title}
      rows={rows}
      keyOf={({ start, end }) => `${start ?? ""} ${end ?? ""}`}
      columns={[
        { title: own.start, show: ({ start }) => moment(start) },
        { title: own.end, show: ({ end }) => moment(end) },
        {
          title: own.state,
          show: ({ state }) => (
            <Badge colorPalette={PALETTES[state]} variant="surface">
              {own.states[state]}
            </Badge>
          ),
        },
        { title: own.due, show: ({ is_due }) => (is_due ? own.bySchedule : own.byHand) },
        { title: own.rows, show: ({ rows: number }) => (number === null ? "–" : formats.number(number)) },
        {
          title: own.published,
          show: ({ published_at }) => (published_at === null ? "–" : <Moment at={published_at} />),
        },
        {
          title: own.job,
          show: ({ job_id }) =>
            job_id === null ? "–" : <RouterLink to={jobAddress(job_id)}>{String(job_id)}</RouterLink>,
        },
        {
          title: tabs.statistics,
          show: ({ job_id, published_at }) =>
            job_id === null || published_at === null ? (
              "–"
            ) : (
              <RouterLink to={jobAddress(job_id, "statistics")}>{tabs.statistics}</RouterLink>
            ),
        },
      ]}
    />
  );
};
