import { Button, Code, Field, Heading, HStack, Input, Stack } from "@chakra-ui/react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { useSearchParams } from "react-router-dom";

import { jobAddress, versionsAddress } from "../addresses";
import { getProduction, type InProduction } from "../api/client";
import { Answer } from "../parts/Answer";
import { DataTable } from "../parts/DataTable";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { useFormats, useTexts } from "../texts/language";

const SHORT_HASH = 12;

/** What was in production at a moment, and why. */
export const ProductionPage: FC = () => {
  const texts = useTexts();
  const own = texts.catalogue;
  const formats = useFormats();
  const [search, setSearch] = useSearchParams();
  const chosen = search.get("at") ?? "";
  const at = chosen === "" ? "" : formats.instant(chosen);
  const query = useQuery({
    queryKey: ["production", at],
    queryFn: ({ signal }) => getProduction(at, signal),
    placeholderData: keepPreviousData,
  });
  return (
    <Stack gap={4}>
      <HStack align="flex-end" gap={3}>
        <Field.Root width="auto">
          <Field.Label fontSize="xs" color="fg.muted">
            {own.at}
          </Field.Label>
          <Input
            size="sm"
            type="datetime-local"
            value={chosen}
            onChange={(event) => setSearch({ at: event.currentTarget.value }, { replace: true })}
          />
        </Field.Root>
        <Button size="sm" variant="outline" onClick={() => setSearch({})}>
          {own.now}
        </Button>
      </HStack>
      <Answer query={query}>
        {(data) => (
          <>
            <Heading as="h2" size="md">
              {own.inProduction(formats.moment(data.at))}
            </Heading>
            {data.found.length === 0 ? <Notice text={own.nothing} /> : <Table rows={data.found} />}
          </>
        )}
      </Answer>
    </Stack>
  );
};

const Table: FC<{ rows: InProduction[] }> = ({ rows }) => {
  const texts = useTexts();
  const own = texts.catalogue;
  const formats = useFormats();
  return (
    <DataTable
      label={texts.pages.production}
      rows={rows}
      keyOf={(row) => row.deployment}
      columns={[
        {
          title: own.modelOrTask,
          show: (found) => (
            <RouterLink to={versionsAddress(found)}>{`${found.model} v${String(found.version)}`}</RouterLink>
          ),
        },
        { title: own.target, show: ({ target }) => target },
        {
          title: own.since,
          show: ({ started_at, job_id }) => (
            <RouterLink to={jobAddress(job_id)}>
              <span title={formats.moment(started_at)}>
                <Moment at={started_at} />
              </span>
            </RouterLink>
          ),
        },
        { title: own.until, show: ({ ended_at }) => (ended_at === null ? "–" : <Moment at={ended_at} />) },
        { title: own.trainedFor, show: ({ trained_for }) => trained_for },
        { title: own.by, show: ({ deployed_by }) => deployed_by },
        {
          title: own.approver,
          show: ({ approver, decided_at }) => (
            <Stack gap={0}>
              {approver}
              <Moment at={decided_at} />
            </Stack>
          ),
        },
        { title: own.why, show: ({ comment }) => comment ?? "–" },
        {
          title: own.evidence,
          show: ({ evidence_digest, approval_job_id }) => (
            <RouterLink to={jobAddress(approval_job_id)}>
              <Code title={evidence_digest}>{evidence_digest.slice(0, SHORT_HASH)}</Code>
            </RouterLink>
          ),
        },
      ]}
    />
  );
};
