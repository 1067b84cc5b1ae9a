import { Badge, DataList, Heading, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import { type FC, type ReactNode, useMemo } from "react";

import { alertsAddress, dagAddress, jobAddress, jobsOfAddress, versionsAddress } from "../addresses";
import { type BatchOverTime, getDeployment, type WholeDeployment } from "../api/client";
import { Answer } from "../parts/Answer";
import { Chart } from "../parts/Chart";
import { DataTable } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import { StatusBadge } from "../parts/StatusBadge";
import { isExplained } from "../parts/statuses";
import { useFormats, useTexts } from "../texts/language";
import { rowsOverTime } from "./batches";
import { DeploymentLinks } from "./DeploymentLinks";
import { RunNow } from "./RunNow";
import { ScheduleInWords } from "./ScheduleInWords";

const SECONDS = 5;
const PAGE = 60;

/** A deployment: its state, its schedule, its batches, and what may be done with it. */
export const DeploymentPage: FC<{ deployment: string }> = ({ deployment }) => {
  const query = useQuery({
    queryKey: ["deployment", deployment],
    queryFn: ({ signal }) => getDeployment(deployment, signal),
    refetchInterval: SECONDS * 1000,
  });
  return <Answer query={query}>{(data) => <Whole deployment={data} />}</Answer>;
};

const Whole: FC<{ deployment: WholeDeployment }> = ({ deployment }) => {
  const texts = useTexts();
  const own = texts.deployment;
  const { id, kind, model, version, target, ended_at, batches, last_status, last_reason } = deployment;
  const newest = batches[0];
  return (
    <Stack gap={4}>
      <HStack wrap="wrap" gap={3}>
        <Heading as="h2" size="md" overflowWrap="anywhere">
          {`${model} v${String(version)} → ${target}`}
        </Heading>
        <State deployment={deployment} />
      </HStack>
      <DeploymentLinks deployment={id} kind={kind} current="overview">
        <RouterLink to={jobsOfAddress(deployment)}>{own.jobs}</RouterLink>
        {newest !== undefined && (
          <RouterLink to={jobAddress(newest.job_id, kind === "model" ? "predictions" : "features")}>
            {kind === "model" ? texts.tabs.predictions : texts.tabs.features}
          </RouterLink>
        )}
      </DeploymentLinks>
      {last_reason !== null && last_status !== null && isExplained(last_status) && (
        <Notice status="error" text={last_reason} />
      )}
      <Facts deployment={deployment} />
      {deployment.can_run && <RunNow deployment={deployment} />}
      <Section title={own.batches}>
        {batches.length === 0 ? <Notice text={own.noBatch} /> : <Batches batches={batches} />}
      </Section>
      {ended_at === null && (
        <Section title={own.inAirflow}>
          <Text color="fg.muted" marginBottom={1}>
            {own.number(id)}
          </Text>
          <InAirflow deployment={deployment} />
        </Section>
      )}
    </Stack>
  );
};

const State: FC<{ deployment: WholeDeployment }> = ({ deployment: { ended_at, ended_how } }) => {
  const texts = useTexts();
  const formats = useFormats();
  return ended_at === null ? (
    <Badge variant="surface" colorPalette="success">
      {texts.catalogue.active}
    </Badge>
  ) : (
    <Badge variant="surface" colorPalette="gray">
      {texts.deployment.ended(texts.catalogue.endings[ended_how ?? ""] ?? ended_how ?? "–", formats.moment(ended_at))}
    </Badge>
  );
};

const Facts: FC<{ deployment: WholeDeployment }> = ({ deployment }) => {
  const texts = useTexts();
  const own = texts.catalogue;
  const formats = useFormats();
  const { id, kind, model, schedule, time_zone, paused, set_by, next_at, dataset, firing } = deployment;
  const { last_job_id, last_status, last_created_at, started_at, deployed_by, approver, job_id } = deployment;
  const facts: [string, ReactNode][] = [
    [
      kind === "model" ? own.model : own.task,
      <RouterLink key="model" to={versionsAddress({ kind, model })}>
        {model}
      </RouterLink>,
    ],
    [
      own.schedule,
      <ScheduleInWords key="schedule" schedule={schedule} zone={time_zone} paused={paused} setBy={set_by} />,
    ],
    [own.nextRun, next_at === null ? "–" : formats.moment(next_at)],
    [
      texts.deployment.lastBatch,
      last_job_id === null || last_status === null || last_created_at === null ? (
        own.neverRan
      ) : (
        <HStack key="last" gap={2}>
          <StatusBadge status={last_status} />
          <RouterLink to={jobAddress(last_job_id)}>
            <Moment at={last_created_at} />
          </RouterLink>
        </HStack>
      ),
    ],
    [
      own.since,
      <RouterLink key="since" to={jobAddress(job_id)}>
        <Moment at={started_at} />
      </RouterLink>,
    ],
    [own.by, deployed_by],
    [own.approver, approver],
    ...(kind === "model" ? [[own.dataset, dataset ?? own.asSql] satisfies [string, ReactNode]] : []),
    ...(firing === 0
      ? []
      : [
          [
            texts.alerts.title,
            <RouterLink key="firing" to={alertsAddress(id)}>
              {texts.alerts.firing(firing)}
            </RouterLink>,
          ] satisfies [string, ReactNode],
        ]),
  ];
  return (
    <DataList.Root orientation="vertical" display="flex" flexDirection="row" flexWrap="wrap" gap={6} size="sm">
      {facts.map(([label, value]) => (
        <DataList.Item key={label} maxWidth="100%">
          <DataList.ItemLabel>{label}</DataList.ItemLabel>
          <DataList.ItemValue overflowWrap="anywhere">{value}</DataList.ItemValue>
        </DataList.Item>
      ))}
    </DataList.Root>
  );
};

/** The rows of the batches over time, and each batch with its numbers. */
const Batches: FC<{ batches: BatchOverTime[] }> = ({ batches }) => {
  const own = useTexts().deployment;
  const formats = useFormats();
  const chart = useMemo(() => {
    const points = rowsOverTime(batches);
    return {
      title: own.rowsOverTime,
      axis: own.interval,
      starts: points.map(({ seconds }) => seconds),
      format: (value: number) => formats.number(value),
      formatStart: (seconds: number) => formats.day(new Date(seconds * 1000).toISOString()),
      timeZone: formats.timeZone,
      series: [{ label: own.rows, token: "blue-solid", values: points.map(({ rows }) => rows) }],
    };
  }, [batches, own, formats]);
  const moment = (at: string | null) => (at === null ? "…" : formats.moment(at));
  return (
    <Stack gap={3}>
      {batches.length > 1 && <Chart {...chart} />}
      <DataTable
        label={own.batches}
        rows={batches}
        keyOf={({ job_id }) => job_id}
        columns={[
          {
            title: own.interval,
            show: ({ job_id, interval_start, interval_end }) => (
              <RouterLink to={jobAddress(job_id)}>
                {interval_start === null && interval_end === null
                  ? own.wholeData
                  : `${moment(interval_start)} – ${moment(interval_end)}`}
              </RouterLink>
            ),
          },
          { title: own.rows, end: true, show: ({ rows }) => formats.number(rows) },
          { title: own.rejected, end: true, show: ({ set_aside }) => formats.number(set_aside) },
          {
            title: own.published,
            show: ({ published_at, superseded_at }) => (
              <HStack gap={2}>
                <Moment at={published_at} />
                {superseded_at !== null && <Text color="fg.muted">{own.superseded}</Text>}
              </HStack>
            ),
          },
        ]}
      />
      {batches.length >= PAGE && <Text color="fg.muted">{own.newestOnly(PAGE)}</Text>}
    </Stack>
  );
};

/** The DAGs with which people change a deployment. */
const InAirflow: FC<{ deployment: WholeDeployment }> = ({ deployment: { kind, dag_id } }) => {
  const own = useTexts().deployment;
  const [another, retirement] =
    kind === "model" ? ["model_deployment", "model_retirement"] : ["feature_pipeline", "feature_retirement"];
  return (
    <HStack gap={4} flexWrap="wrap">
      <RouterLink to={dagAddress(dag_id)}>{own.dag}</RouterLink>
      <RouterLink to={dagAddress("deployment_schedule")}>{own.changeSchedule}</RouterLink>
      <RouterLink to={dagAddress(another)}>{own.another}</RouterLink>
      <RouterLink to={dagAddress(retirement)}>{own.retire}</RouterLink>
    </HStack>
  );
};
