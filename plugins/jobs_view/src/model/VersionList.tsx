import { Button, HStack, Stack, Text } from "@chakra-ui/react";
import type { FC } from "react";

import { driftAddress, jobAddress, listAddress } from "../addresses";
import type { Direction, Version, VersionKind, VersionStatus } from "../api/client";
import { DataTable, LONG } from "../parts/DataTable";
import { Choice, TextFilter } from "../parts/Fields";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import { useFormats, useTexts } from "../texts/language";
import { VersionBadge } from "./VersionBadge";
import { choiceOf, listed, ORDERS } from "./versions";

const METRICS = 4;

type Props = {
  kind: VersionKind;
  rows: Version[];
  metric: string | null;
  better: Direction | null;
  address: URLSearchParams;
  choose: (change: Record<string, string>) => void;
  more: string | null;
};

/** The versions of a model, filtered and sorted; failed attempts are folded away. */
export const VersionList: FC<Props> = ({ kind, rows, metric, better, address, choose, more }) => {
  const texts = useTexts();
  const own = texts.model.versions;
  const choice = choiceOf(address);
  const { shown, folded } = listed(rows, choice, metric, better);
  const statuses = [...new Set(rows.map(({ status }) => status))];
  const orders = ORDERS.filter((order) => order !== "best" || better !== null);
  return (
    <Section title={own.title}>
      <Stack gap={3}>
        <HStack as="search" aria-label={own.title} gap={3} wrap="wrap" align="flex-end">
          <TextFilter label={own.search} value={choice.search} set={(search) => choose({ search })} />
          <Choice
            label={texts.status}
            value={choice.status}
            set={(status) => choose({ status })}
            options={[
              ["", texts.anyStatus],
              ...statuses.map((status): [VersionStatus, string] => [status, texts.versionStatuses[status]]),
            ]}
          />
          <Choice
            label={own.sort}
            value={choice.order}
            set={(sort) => choose({ sort })}
            options={orders.map((order) => [order, own.orders[order]])}
          />
          {(folded > 0 || choice.failed) && (
            <Button
              size="sm"
              variant="ghost"
              aria-pressed={choice.failed}
              onClick={() => choose({ failed: choice.failed ? "" : "1" })}
            >
              {choice.failed ? own.hideFailed : own.showFailed(folded)}
            </Button>
          )}
        </HStack>
        {shown.length === 0 ? <Notice text={own.none} /> : <Table kind={kind} rows={shown} metric={metric} />}
        {more !== null && <Text color="fg.muted">{more}</Text>}
      </Stack>
    </Section>
  );
};

const Table: FC<{ kind: VersionKind; rows: Version[]; metric: string | null }> = ({ kind, rows, metric }) => {
  const texts = useTexts();
  const own = texts.catalogue;
  return (
    <DataTable
      label={texts.model.versions.title}
      rows={rows}
      keyOf={({ id }) => id}
      columns={[
        { title: own.version, show: ({ number }) => `v${String(number)}` },
        {
          title: texts.status,
          show: ({ status, deployments }) => (
            <Stack gap={1} align="flex-start" fontSize="sm">
              <VersionBadge status={status} />
              {deployments.map(({ id, target }) => (
                <Text key={id}>{texts.model.versions.inProductionIn(target)}</Text>
              ))}
            </Stack>
          ),
        },
        {
          title: kind === "model" ? own.metrics : own.lastTest,
          show: ({ metrics }) => <Metrics metrics={metrics} first={metric} />,
        },
        {
          title: texts.askedBy,
          show: ({ created_by, created_at }) => (
            <Stack gap={0} fontSize="sm">
              {created_by}
              <Moment at={created_at} />
            </Stack>
          ),
        },
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

/** The metric that is drawn, and some others; the comparison has all. */
const Metrics: FC<{ metrics: Version["metrics"]; first: string | null }> = ({ metrics, first }) => {
  const own = useTexts().model.versions;
  const formats = useFormats();
  const all = Object.entries(metrics ?? {}).sort(([one], [other]) => Number(other === first) - Number(one === first));
  const entries = all.slice(0, METRICS);
  return entries.length === 0 ? (
    "–"
  ) : (
    <Stack gap={0} fontSize="sm">
      {entries.map(([name, value]) => (
        <Text key={name} {...LONG}>
          {name}{" "}
          <b>{typeof value === "number" ? formats.number(value) : value === null ? "–" : JSON.stringify(value)}</b>
        </Text>
      ))}
      {all.length > entries.length && <Text color="fg.muted">{own.moreMetrics(all.length - entries.length)}</Text>}
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
        <Text color="fg.muted" dir="auto" {...LONG}>
          {comment}
        </Text>
      )}
    </Stack>
  );
};
