import { Box, Button, HStack, Stack, Text } from "@chakra-ui/react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { useSearchParams } from "react-router-dom";

import { deploymentAddress, jobAddress, MODEL_PAGES, versionsAddress } from "../addresses";
import { getModels, type Model, type VersionKind } from "../api/client";
import { Answer } from "../parts/Answer";
import { DataTable, LONG } from "../parts/DataTable";
import { TextFilter } from "../parts/Fields";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { StatusBadge } from "../parts/StatusBadge";
import { useFormats, useTexts } from "../texts/language";
import { VersionBadge } from "./VersionBadge";

const SECONDS = 10;

type Props = { kind: VersionKind };

/** All models or all feature tasks, one to a row, by name. */
export const ModelsPage: FC<Props> = ({ kind }) => {
  const texts = useTexts();
  const [address, setAddress] = useSearchParams();
  const [search, after] = [address.get("search") ?? "", address.get("after") ?? ""];
  const query = useQuery({
    queryKey: ["models", kind, search, after],
    queryFn: ({ signal }) => getModels(kind, search, after, signal),
    placeholderData: keepPreviousData,
    refetchInterval: SECONDS * 1000,
  });
  const go = (change: Record<string, string>) =>
    setAddress(Object.entries({ search, ...change }).filter(([, value]) => value !== ""));
  return (
    <Stack gap={3}>
      <HStack as="search" aria-label={texts.filters}>
        <TextFilter label={texts.model.search} value={search} set={(text) => go({ search: text.trim() })} />
      </HStack>
      <Answer query={query}>
        {(data) => (
          <>
            {data.models.length === 0 ? (
              <Notice
                text={search === "" ? texts.catalogue.noVersions[MODEL_PAGES[kind]] : texts.model.noneFound(search)}
              />
            ) : (
              <Table kind={kind} rows={data.models} />
            )}
            <HStack justify="flex-end" hidden={after === "" && data.after === null}>
              <Button size="sm" variant="outline" disabled={after === ""} onClick={() => go({})}>
                {texts.firstPage}
              </Button>
              <Button
                size="sm"
                variant="outline"
                disabled={data.after === null}
                onClick={() => go({ after: data.after ?? "" })}
              >
                {texts.nextPage}
              </Button>
            </HStack>
          </>
        )}
      </Answer>
    </Stack>
  );
};

const Table: FC<Props & { rows: Model[] }> = ({ kind, rows }) => {
  const texts = useTexts();
  const own = texts.model;
  return (
    <DataTable
      label={texts.pages[MODEL_PAGES[kind]]}
      rows={rows}
      keyOf={({ model }) => model}
      columns={[
        {
          title: kind === "model" ? texts.catalogue.model : texts.catalogue.task,
          show: ({ model }) => (
            <Box minWidth="8em">
              <RouterLink to={versionsAddress({ kind, model })}>{model}</RouterLink>
            </Box>
          ),
        },
        {
          title: own.newest,
          show: ({ number, status }) => (
            <HStack gap={2}>
              {`v${String(number)}`}
              <VersionBadge status={status} />
            </HStack>
          ),
        },
        { title: own.inProduction, show: (model) => <Production model={model} /> },
        {
          title: kind === "model" ? own.metric : texts.catalogue.lastTest,
          show: (model) => <Metric kind={kind} model={model} />,
        },
        {
          title: own.waiting,
          show: ({ waiting }) =>
            waiting.length === 0 ? (
              "–"
            ) : (
              <HStack gap={2} wrap="wrap">
                {waiting.map(({ job_id, version }) => (
                  <RouterLink key={job_id} to={jobAddress(job_id)}>{`v${String(version)}`}</RouterLink>
                ))}
              </HStack>
            ),
        },
        { title: own.lastActivity, show: (model) => <Activity model={model} /> },
      ]}
    />
  );
};

const Production: FC<{ model: Model }> = ({ model: { production } }) =>
  production.length === 0 ? (
    "–"
  ) : (
    <Stack gap={0} fontSize="sm" minWidth="10em">
      {production.map(({ id, target, version, started_at }) => (
        <Text key={id}>
          {`v${String(version)} → `}
          <RouterLink to={deploymentAddress(id)}>{target}</RouterLink>{" "}
          <Text as="span" color="fg.muted">
            <Moment at={started_at} />
          </Text>
        </Text>
      ))}
    </Stack>
  );

const Metric: FC<Props & { model: Model }> = ({ kind, model: { metric, rows } }) => {
  const own = useTexts().model;
  const formats = useFormats();
  if (kind === "feature_task") return rows === null ? "–" : own.rows(formats.number(rows));
  return metric === null ? (
    "–"
  ) : (
    <Stack gap={0} fontSize="sm">
      <b>{metric.value === null ? "–" : formats.number(metric.value)}</b>
      <Text color="fg.muted" {...LONG}>
        {own.metricOf(metric.name, metric.version)}
      </Text>
    </Stack>
  );
};

const Activity: FC<{ model: Model }> = ({
  model: { last_job_id: id, last_type: type, last_status: status, last_at: at },
}) => {
  const texts = useTexts();
  return id === null || type === null || status === null || at === null ? (
    "–"
  ) : (
    <Stack gap={1} align="flex-start" fontSize="sm">
      <HStack gap={2}>
        <RouterLink to={jobAddress(id)}>{texts.types[type]}</RouterLink>
        <StatusBadge status={status} />
      </HStack>
      <Moment at={at} />
    </Stack>
  );
};
