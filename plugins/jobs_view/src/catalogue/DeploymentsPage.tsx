import { Badge, Box, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { useSearchParams } from "react-router-dom";

import { jobAddress, listAddress, versionsAddress } from "../addresses";
import { type Deployment, getDeployments } from "../api/client";
import { Answer } from "../parts/Answer";
import { DataTable } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { StatusBadge } from "../parts/StatusBadge";
import { useFormats, useTexts } from "../texts/language";
import { LinkToPage, pagesOf } from "./DeploymentLinks";
import { Older, OnlyModel } from "./paging";
import { RunNow } from "./RunNow";

const SECONDS = 5;

/** All deployments, those that have ended too. */
export const DeploymentsPage: FC = () => {
  const texts = useTexts();
  const [search] = useSearchParams();
  const [model, after] = [search.get("model") ?? "", search.get("after") ?? ""];
  const query = useQuery({
    queryKey: ["deployments", model, after],
    queryFn: ({ signal }) => getDeployments(model, after, signal),
    refetchInterval: SECONDS * 1000,
  });
  return (
    <Stack gap={3}>
      <OnlyModel model={model} page="deployments" />
      <Answer query={query}>
        {(data) => (
          <>
            {data.deployments.length === 0 ? (
              <Notice text={texts.catalogue.noDeployments} />
            ) : (
              <Table rows={data.deployments} />
            )}
            <Older page="deployments" model={model} after={after} next={data.after} />
          </>
        )}
      </Answer>
    </Stack>
  );
};

/** The newest batch, all jobs of the deployment, and a batch now. */
const LastRun: FC<{ deployment: Deployment }> = ({ deployment }) => {
  const own = useTexts().catalogue;
  const { last_job_id, last_status, last_created_at, model, version, id } = deployment;
  return (
    <Stack gap={0} fontSize="sm" align="flex-start">
      {last_job_id !== null && last_status !== null && last_created_at !== null ? (
        <>
          <StatusBadge status={last_status} />
          <RouterLink to={jobAddress(last_job_id)}>
            <Moment at={last_created_at} />
          </RouterLink>
        </>
      ) : (
        <Text color="fg.muted">{own.neverRan}</Text>
      )}
      <RouterLink to={listAddress({ subject: `${model} v${String(version)} (deployment ${String(id)})` })}>
        {own.itsJobs}
      </RouterLink>
      {deployment.can_run && <RunNow deployment={deployment} />}
    </Stack>
  );
};

const Table: FC<{ rows: Deployment[] }> = ({ rows }) => {
  const texts = useTexts();
  const own = texts.catalogue;
  const formats = useFormats();
  return (
    <DataTable
      label={texts.pages.deployments}
      rows={rows}
      keyOf={(deployment) => deployment.id}
      columns={[
        { title: own.number, show: ({ id, job_id }) => <RouterLink to={jobAddress(job_id)}>{String(id)}</RouterLink> },
        {
          title: own.modelOrTask,
          show: (deployment) => (
            <Box minWidth="11rem">
              <RouterLink
                to={versionsAddress(deployment)}
              >{`${deployment.model} v${String(deployment.version)}`}</RouterLink>
            </Box>
          ),
        },
        { title: own.target, show: ({ target }) => target },
        { title: own.dataset, show: ({ dataset, kind }) => dataset ?? (kind === "model" ? own.asSql : "–") },
        {
          title: own.schedule,
          show: ({ id, kind, schedule, time_zone, paused, set_by, firing }) => (
            <Stack gap={0} fontSize="sm" align="flex-start">
              <Text>{own.scheduled(schedule, time_zone)}</Text>
              {paused && <Text color="fg.muted">{own.paused}</Text>}
              <Text color="fg.muted">{own.setBy(set_by)}</Text>
              {pagesOf(kind).map((page) => (
                <HStack key={page} gap={2}>
                  <LinkToPage deployment={id} page={page} />
                  {page === "alerts" && firing > 0 && (
                    <Badge variant="surface" colorPalette="red">
                      {texts.alerts.firing(firing)}
                    </Badge>
                  )}
                </HStack>
              ))}
            </Stack>
          ),
        },
        { title: own.nextRun, show: ({ next_at }) => (next_at === null ? "–" : formats.moment(next_at)) },
        {
          title: own.lastRun,
          show: (deployment) => <LastRun deployment={deployment} />,
        },
        { title: own.since, show: ({ started_at }) => <Moment at={started_at} /> },
        { title: own.by, show: ({ deployed_by }) => deployed_by },
        { title: own.approver, show: ({ approver }) => approver },
        {
          title: own.ended,
          show: ({ ended_at, ended_how }) =>
            ended_at === null ? (
              <Text>{own.active}</Text>
            ) : (
              <Stack gap={0} fontSize="sm">
                <Text>{own.endings[ended_how ?? ""] ?? ended_how}</Text>
                <Moment at={ended_at} />
              </Stack>
            ),
        },
      ]}
    />
  );
};
