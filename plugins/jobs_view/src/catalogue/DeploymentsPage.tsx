import { Badge, Box, Checkbox, HStack, Stack, Text } from "@chakra-ui/react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { useSearchParams } from "react-router-dom";

import { deploymentAddress, jobAddress, jobsOfAddress, versionsAddress } from "../addresses";
import { type Deployment, getDeployments } from "../api/client";
import { Answer } from "../parts/Answer";
import { DataTable } from "../parts/DataTable";
import { TextFilter } from "../parts/Fields";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { StatusBadge } from "../parts/StatusBadge";
import { useFormats, useTexts } from "../texts/language";
import { LinkToPage, pagesOf } from "./DeploymentLinks";
import { Older, OnlyModel } from "./paging";
import { RunNow } from "./RunNow";
import { ScheduleInWords } from "./ScheduleInWords";

const SECONDS = 5;

/** The deployments in production, and if asked for those that have ended too. */
export const DeploymentsPage: FC = () => {
  const texts = useTexts();
  const [place] = useSearchParams();
  const kept = { model: place.get("model") ?? "", search: place.get("search") ?? "", ended: place.get("ended") ?? "" };
  const after = place.get("after") ?? "";
  const query = useQuery({
    queryKey: ["deployments", kept, after],
    queryFn: ({ signal }) => getDeployments({ ...kept, active: kept.ended === "" ? "true" : "", after }, signal),
    refetchInterval: SECONDS * 1000,
    placeholderData: keepPreviousData,
  });
  return (
    <Stack gap={3}>
      <OnlyModel model={kept.model} page="deployments" />
      <Filters search={kept.search} ended={kept.ended} />
      <Answer query={query}>
        {(data) => (
          <>
            {data.deployments.length === 0 ? (
              <Notice
                text={
                  kept.model + kept.search !== ""
                    ? texts.deployment.nothingFound
                    : kept.ended === ""
                      ? texts.deployment.noneActive
                      : texts.catalogue.noDeployments
                }
              />
            ) : (
              <Table rows={data.deployments} />
            )}
            <Older page="deployments" kept={kept} after={after} next={data.after} />
          </>
        )}
      </Answer>
    </Stack>
  );
};

/** What to look for, kept in the address. */
const Filters: FC<{ search: string; ended: string }> = ({ search, ended }) => {
  const own = useTexts().deployment;
  const [, setPlace] = useSearchParams();
  const change = (name: string, value: string): void =>
    setPlace(
      (before) => {
        before.delete("after");
        before.delete(name);
        if (value !== "") {
          before.set(name, value);
        }
        return before;
      },
      { replace: true },
    );
  return (
    <HStack gap={4} wrap="wrap" as="search" align="flex-end">
      <TextFilter label={own.searchFor} value={search} set={(text) => change("search", text.trim())} />
      <Checkbox.Root
        size="sm"
        checked={ended !== ""}
        onCheckedChange={(details) => change("ended", details.checked === true ? "yes" : "")}
      >
        <Checkbox.HiddenInput />
        <Checkbox.Control />
        <Checkbox.Label>{own.alsoEnded}</Checkbox.Label>
      </Checkbox.Root>
    </HStack>
  );
};

/** The newest batch, all jobs of the deployment, and a batch now. */
const LastRun: FC<{ deployment: Deployment }> = ({ deployment }) => {
  const own = useTexts().catalogue;
  const { last_job_id, last_status, last_created_at } = deployment;
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
      <RouterLink to={jobsOfAddress(deployment)}>{own.itsJobs}</RouterLink>
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
        { title: own.number, show: ({ id }) => <RouterLink to={deploymentAddress(id)}>{String(id)}</RouterLink> },
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
        { title: own.target, show: ({ id, target }) => <RouterLink to={deploymentAddress(id)}>{target}</RouterLink> },
        { title: own.dataset, show: ({ dataset, kind }) => dataset ?? (kind === "model" ? own.asSql : "–") },
        {
          title: own.schedule,
          show: ({ id, kind, schedule, time_zone, paused, set_by, firing }) => (
            <Stack gap={0} fontSize="sm" align="flex-start">
              <ScheduleInWords schedule={schedule} zone={time_zone} paused={paused} setBy={set_by} />
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
        {
          title: own.since,
          show: ({ started_at, job_id }) => (
            <RouterLink to={jobAddress(job_id)}>
              <Moment at={started_at} />
            </RouterLink>
          ),
        },
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
