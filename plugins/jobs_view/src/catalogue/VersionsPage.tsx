import { Badge, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { useSearchParams } from "react-router-dom";

import { driftAddress, jobAddress, listAddress, pageAddress } from "../addresses";
import { getVersions, type Version, type VersionStatus } from "../api/client";
import { Answer } from "../parts/Answer";
import { DataTable, LONG } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { useFormats, useTexts } from "../texts/language";
import { Older, OnlyModel } from "./paging";

const SECONDS = 5;
const PALETTES: Record<VersionStatus, string> = {
  created: "running",
  imported: "gray",
  trained: "gray",
  evaluated: "gray",
  tested: "gray",
  approved: "blue",
  rejected: "failed",
  deployed: "success",
  retired: "gray",
  failed: "failed",
};

const KINDS = { models: "model", features: "feature_task" } as const;

type Props = { page: keyof typeof KINDS };

/** All versions of all models or of all feature tasks, or of one of them. */
export const VersionsPage: FC<Props> = ({ page }) => {
  const texts = useTexts();
  const own = texts.catalogue;
  const [search] = useSearchParams();
  const [model, after] = [search.get("model") ?? "", search.get("after") ?? ""];
  const query = useQuery({
    queryKey: ["versions", page, model, after],
    queryFn: ({ signal }) => getVersions(KINDS[page], model, after, signal),
    refetchInterval: SECONDS * 1000,
  });
  return (
    <Stack gap={3}>
      <OnlyModel model={model} page={page} />
      <Answer query={query}>
        {(data) => (
          <>
            {data.versions.length === 0 ? (
              <Notice text={own.noVersions[page]} />
            ) : (
              <Table page={page} rows={data.versions} />
            )}
            <Older page={page} kept={{ model }} after={after} next={data.after} />
          </>
        )}
      </Answer>
    </Stack>
  );
};

const Table: FC<Props & { rows: Version[] }> = ({ page, rows }) => {
  const texts = useTexts();
  const own = texts.catalogue;
  return (
    <DataTable
      label={texts.pages[page]}
      rows={rows}
      keyOf={(version) => version.id}
      columns={[
        {
          title: page === "models" ? own.model : own.task,
          show: ({ model }) => <RouterLink to={pageAddress(page, { model })}>{model}</RouterLink>,
        },
        { title: own.version, show: ({ number }) => `v${String(number)}`, end: true },
        {
          title: texts.status,
          show: ({ status }) => (
            <Badge colorPalette={PALETTES[status]} variant="surface" whiteSpace="nowrap">
              {texts.versionStatuses[status]}
            </Badge>
          ),
        },
        {
          title: page === "models" ? own.metrics : own.lastTest,
          show: ({ metrics }) => <Metrics metrics={metrics} />,
        },
        { title: texts.askedBy, show: ({ created_by }) => created_by },
        { title: texts.created, show: ({ created_at }) => <Moment at={created_at} /> },
        { title: own.decision, show: (version) => <Decision version={version} /> },
        { title: own.statisticsAndDrift, show: (version) => <Data version={version} /> },
        {
          title: own.itsJobs,
          show: ({ model, number, job_id }) => (
            <Stack gap={0} fontSize="sm">
              <RouterLink to={jobAddress(job_id)}>{own.firstJob}</RouterLink>
              <RouterLink to={listAddress({ subject: `${model} v${String(number)}` })}>{own.itsJobs}</RouterLink>
            </Stack>
          ),
        },
      ]}
    />
  );
};

/** Links to the jobs that recorded its statistics, and to the drift of its deployments. */
const Data: FC<{ version: Version }> = ({ version: { statistics_jobs: recorded, deployments } }) => {
  const { catalogue: own, types } = useTexts();
  return recorded.length + deployments.length === 0 ? (
    "–"
  ) : (
    <Stack gap={0} fontSize="sm">
      {recorded.map(({ job_id, type }) => (
        <RouterLink key={job_id} to={jobAddress(job_id, "evidence")}>
          {own.statisticsOf(types[type])}
        </RouterLink>
      ))}
      {deployments.map(({ id, target }) => (
        <RouterLink key={id} to={driftAddress(id)}>
          {own.driftIn(target)}
        </RouterLink>
      ))}
    </Stack>
  );
};

const Metrics: FC<{ metrics: Version["metrics"] }> = ({ metrics }) => {
  const formats = useFormats();
  return (
    <Stack gap={0} fontSize="sm">
      {Object.entries(metrics ?? {}).map(([name, value]) => (
        <Text key={name} {...LONG}>
          {name}{" "}
          <b>{typeof value === "number" ? formats.number(value) : value === null ? "–" : JSON.stringify(value)}</b>
        </Text>
      ))}
    </Stack>
  );
};

const Decision: FC<{ version: Version }> = ({ version: { verdict, approver, decided_at, comment } }) => {
  const own = useTexts().catalogue;
  return verdict === null || approver === null || decided_at === null ? (
    "–"
  ) : (
    <Stack gap={0} fontSize="sm">
      <Text>{verdict === "approved" ? own.approvedBy(approver) : own.rejectedBy(approver)}</Text>
      <Moment at={decided_at} />
      {comment !== null && (
        <Text color="fg.muted" {...LONG}>
          {comment}
        </Text>
      )}
    </Stack>
  );
};
