import { Box, Heading, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { useSearchParams } from "react-router-dom";

import { deploymentAddress, jobAddress, listAddress, MODEL_PAGES, pageAddress } from "../addresses";
import {
  getModel,
  getVersions,
  type ModelPage as Found,
  type ProductionOfModel,
  RequestFailed,
  type Version,
  type VersionKind,
} from "../api/client";
import { Found as Jobs } from "../jobs/Found";
import { useJobs } from "../jobs/queries";
import { Answer } from "../parts/Answer";
import { DataTable, LONG } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import { useTexts } from "../texts/language";
import { Compare } from "./Compare";
import { MetricChart } from "./MetricChart";
import { ModelActions, RollBack } from "./ModelActions";
import { VersionBadge } from "./VersionBadge";
import { VersionList } from "./VersionList";
import { numericMetrics } from "./versions";

const SECONDS = 5;
const VERSIONS_SECONDS = 15;
const VERSIONS = 200;
const JOBS = 10;
const NOT_FOUND = 404;

type Props = { kind: VersionKind; model: string };

/** One model or feature task: what is in production, its versions, its jobs, and what may be done. */
export const ModelPage: FC<Props> = ({ kind, model }) => {
  const texts = useTexts();
  const query = useQuery({
    queryKey: ["model", kind, model],
    queryFn: ({ signal }) => getModel(kind, model, signal),
    refetchInterval: SECONDS * 1000,
  });
  const versions = useQuery({
    queryKey: ["versions", kind, model],
    queryFn: ({ signal }) => getVersions(kind, model, VERSIONS, signal),
    refetchInterval: VERSIONS_SECONDS * 1000,
  });
  const back = <RouterLink to={pageAddress(MODEL_PAGES[kind])}>{`‹ ${texts.model.back[kind]}`}</RouterLink>;
  if (query.error instanceof RequestFailed && query.error.status === NOT_FOUND) {
    return (
      <>
        <Notice status="warning" text={texts.model.unknown(model)} />
        {back}
      </>
    );
  }
  return (
    <Stack gap={5}>
      {back}
      <Answer query={query}>
        {(found) => (
          <>
            <Head found={found} versions={versions.data?.versions ?? []} />
            <Section title={texts.model.inProduction}>
              {found.deployments.length === 0 ? (
                <Text>{texts.model.nothingInProduction}</Text>
              ) : (
                <Production found={found} />
              )}
            </Section>
            <Answer query={versions}>
              {({ versions: rows, after }) => <Versions found={found} rows={rows} more={after !== null} />}
            </Answer>
          </>
        )}
      </Answer>
      <ItsJobs model={model} />
    </Stack>
  );
};

const Head: FC<{ found: Found; versions: Version[] }> = ({ found, versions }) => {
  const own = useTexts().model;
  return (
    <Stack gap={2}>
      <HStack wrap="wrap" gap={3}>
        <Heading as="h2" size="xl" overflowWrap="anywhere">
          {found.model}
        </Heading>
        <Text>{`v${String(found.number)}`}</Text>
        <VersionBadge status={found.status} />
      </HStack>
      {found.description !== null && (
        <Text color="fg.muted" dir="auto" overflowWrap="anywhere">
          {found.description}
        </Text>
      )}
      {found.waiting.map(({ job_id, version }) => (
        <RouterLink key={job_id} to={jobAddress(job_id)}>
          {own.awaits(version)}
        </RouterLink>
      ))}
      <ModelActions model={found} versions={versions} />
    </Stack>
  );
};

const Production: FC<{ found: Found }> = ({ found }) => {
  const texts = useTexts();
  const own = texts.catalogue;
  const canRollBack = found.actions.includes("deploy") && found.deployments.some(({ previous }) => previous !== null);
  return (
    <DataTable
      label={texts.model.inProduction}
      rows={found.deployments}
      keyOf={({ id }) => id}
      columns={[
        { title: own.version, show: ({ version }) => `v${String(version)}` },
        {
          title: own.target,
          show: ({ id, target }) => (
            <Box minWidth="10em">
              <RouterLink to={deploymentAddress(id)}>{target}</RouterLink>
            </Box>
          ),
        },
        {
          title: own.since,
          show: ({ started_at, job_id }) => (
            <RouterLink to={jobAddress(job_id)}>
              <Moment at={started_at} />
            </RouterLink>
          ),
        },
        { title: texts.model.deployedBy, show: ({ deployed_by }) => deployed_by },
        { title: own.approver, show: (deployment) => <Approval deployment={deployment} /> },
        ...(canRollBack
          ? [
              {
                title: texts.model.replaces,
                show: (deployment: ProductionOfModel) => <RollBack model={found} deployment={deployment} />,
              },
            ]
          : []),
      ]}
    />
  );
};

const Approval: FC<{ deployment: ProductionOfModel }> = ({ deployment }) => (
  <Stack gap={0} fontSize="sm">
    <Text>
      <RouterLink to={jobAddress(deployment.approval_job_id)}>{deployment.approver}</RouterLink>{" "}
      <Moment at={deployment.decided_at} />
    </Text>
    {deployment.comment !== null && (
      <Text color="fg.muted" dir="auto" {...LONG}>
        {deployment.comment}
      </Text>
    )}
  </Stack>
);

type VersionsProps = { found: Found; rows: Version[]; more: boolean };

const Versions: FC<VersionsProps> = ({ found, rows, more }) => {
  const texts = useTexts();
  const [address, setAddress] = useSearchParams();
  const metrics = numericMetrics(rows, found.metric?.name ?? null);
  const metric = metrics.find((name) => name === address.get("metric")) ?? metrics[0] ?? null;
  const better = metric !== null && Object.hasOwn(found.better, metric) ? (found.better[metric] ?? null) : null;
  const choose = (change: Record<string, string>) =>
    setAddress(
      (before) => {
        for (const [name, value] of Object.entries(change)) {
          if (value === "") before.delete(name);
          else before.set(name, value);
        }
        return before;
      },
      { replace: true },
    );
  return (
    <>
      {found.kind === "model" && (
        <MetricChart rows={rows} metric={metric} metrics={metrics} better={better} choose={choose} />
      )}
      <VersionList
        kind={found.kind}
        rows={rows}
        metric={metric}
        better={better}
        address={address}
        choose={choose}
        more={more ? texts.model.versions.onlyNewest(rows.length) : null}
      />
      <Compare kind={found.kind} model={found.model} rows={rows} address={address} choose={choose} />
    </>
  );
};

const ItsJobs: FC<{ model: string }> = ({ model }) => {
  const texts = useTexts();
  const query = useJobs({ subject: model, limit: JOBS });
  return (
    <Section title={texts.model.jobs}>
      <Stack gap={2}>
        <Jobs query={query} none={texts.noneFit} />
        <RouterLink to={listAddress({ subject: model })}>{texts.model.allJobs}</RouterLink>
      </Stack>
    </Section>
  );
};
