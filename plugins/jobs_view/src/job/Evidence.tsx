import { Box, Code, HStack, Image, Link, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC, ReactNode } from "react";

import { jobAddress } from "../addresses";
import {
  type ApprovalRequest,
  artifactAddress,
  type ArtifactFile,
  getEvidence,
  type Recorded,
  type WholeJob,
} from "../api/client";
import { Answer } from "../parts/Answer";
import { LONG } from "../parts/DataTable";
import { FactTable } from "../parts/FactTable";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import type { Texts } from "../texts/en";
import type { Formats } from "../texts/formats";
import { JOB_TYPES } from "../texts/jobTypes";
import { useFormats, useTexts } from "../texts/language";
import { EvaluationDetails } from "./EvaluationDetails";
import { fileFacts, warningText } from "./imported";
import {
  comparedMetrics,
  importedOf,
  type Measured,
  measuredBy,
  rowsBeside,
  type StoredEvidence,
  taskOf,
  warningsOf,
} from "./measured";
import { RecordedStatistics } from "./RecordedStatistics";
import { Statistics } from "./Statistics";

const PICTURE = /^image\/(png|jpeg|gif|webp|svg\+xml)$/;

/** The evidence of a job: metrics next to the champion's, plots, provenance and files. */
export const Evidence: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const query = useQuery({
    queryKey: ["evidence", job.id, job.status, job.attempt],
    queryFn: ({ signal }) => getEvidence(job.id, signal),
  });
  return (
    <Answer query={query}>
      {({ evidence, artifacts, statistics }) =>
        evidence === null ? (
          <Notice text={JOB_TYPES[job.type].stage === "approval" ? texts.evidence.notYet : texts.evidence.nothing} />
        ) : (
          <Shown job={job} evidence={evidence as StoredEvidence} files={artifacts} recorded={statistics} />
        )
      }
    </Answer>
  );
};

type ShownProps = { job: WholeJob; evidence: StoredEvidence; files: ArtifactFile[]; recorded: Recorded[] };

const Shown: FC<ShownProps> = ({ job, evidence, files, recorded }) => {
  const texts = useTexts();
  const formats = useFormats();
  const newest = measuredBy(job, evidence);
  const measured = JOB_TYPES[job.type].stage !== "statistics";
  return (
    <Stack gap={6}>
      {evidence.dirty && <Notice status="warning" text={texts.evidence.dirty} />}
      {warningsOf(evidence).map((warning) => {
        const text = warningText(warning, texts.imported, formats);
        return <Notice key={text} status="warning" text={text} />;
      })}
      {measured && newest !== undefined && <Compared evidence={evidence} newest={newest} />}
      {newest?.details_sha256 !== undefined && newest.digest !== undefined && (
        <EvaluationDetails job={job.id} digest={newest.digest} />
      )}
      {newest?.statistics !== undefined && (
        <Statistics
          columns={newest.statistics}
          deployed={evidence.champion === null ? undefined : (evidence.champion.statistics ?? [])}
        />
      )}
      <RecordedStatistics recorded={recorded} about={texts.statistics.aboutReference} />
      <Plots job={job} files={files.filter((file) => PICTURE.test(file.media_type))} />
      <Facts request={job.request} evidence={evidence} newest={newest} />
      {files.length > 0 && <Files job={job} files={files} />}
    </Stack>
  );
};

const keyOf = ({ job_id, role, name, sha256 }: ArtifactFile): string => [job_id, role, name, sha256].join(" ");

const Plots: FC<{ job: WholeJob; files: ArtifactFile[] }> = ({ job, files }) => {
  const texts = useTexts().evidence;
  return files.length === 0 ? null : (
    <Section title={texts.plots}>
      <HStack gap={4} wrap="wrap" align="flex-start">
        {files.map((file) => (
          <Box as="figure" key={keyOf(file)}>
            <a href={artifactAddress(job.id, file)} target="_blank" rel="noreferrer">
              <Image src={artifactAddress(job.id, file)} alt={file.name} maxHeight="22rem" bg="white" />
            </a>
            <Text as="figcaption" fontSize="sm" color="fg.muted">
              {file.name}
            </Text>
          </Box>
        ))}
      </HStack>
    </Section>
  );
};

const Files: FC<{ job: WholeJob; files: ArtifactFile[] }> = ({ job, files }) => {
  const { types, evidence: texts } = useTexts();
  const formats = useFormats();
  return (
    <Section title={texts.files}>
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={texts.files}>
        <Table.Root size="sm" width="auto">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>{texts.file}</Table.ColumnHeader>
              <Table.ColumnHeader />
              <Table.ColumnHeader>{texts.leftBy}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.size}</Table.ColumnHeader>
              <Table.ColumnHeader>{texts.hash}</Table.ColumnHeader>
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {files.map((file) => (
              <Table.Row key={keyOf(file)}>
                <Table.Cell {...LONG}>
                  <Link href={artifactAddress(job.id, file)} download={file.name} color="fg.info">
                    {file.name}
                  </Link>
                </Table.Cell>
                <Table.Cell color="fg.muted">{texts.roles[file.role] ?? file.role}</Table.Cell>
                <Table.Cell whiteSpace="nowrap">
                  <RouterLink
                    to={jobAddress(file.job_id)}
                  >{`${types[file.job_type]} ${String(file.job_id)}`}</RouterLink>
                </Table.Cell>
                <Table.Cell textAlign="end" whiteSpace="nowrap">
                  {formats.bytes(file.size)}
                </Table.Cell>
                <Table.Cell>
                  <Code variant="plain" overflowWrap="anywhere">
                    {file.sha256}
                  </Code>
                </Table.Cell>
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
    </Section>
  );
};

const Compared: FC<{ evidence: StoredEvidence; newest: Measured }> = ({ evidence, newest }) => {
  const { evidence: texts, evaluation } = useTexts();
  const formats = useFormats();
  const champion = evidence.champion;
  const reasonOf = ({ undefined: reasons }: Measured, name: string): ReactNode =>
    reasons !== undefined &&
    Object.hasOwn(reasons, name) && (
      <Text as="span" display="block" color="fg.muted" fontSize="xs">
        {evaluation.reason(reasons[name] ?? "")}
      </Text>
    );
  return (
    <Box as="section">
      <Table.Root size="sm" width="auto">
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>{texts.metric}</Table.ColumnHeader>
            <Table.ColumnHeader textAlign="end">{texts.version(evidence.version)}</Table.ColumnHeader>
            {champion !== null && (
              <>
                <Table.ColumnHeader textAlign="end">{texts.champion(champion.version)}</Table.ColumnHeader>
                <Table.ColumnHeader textAlign="end">{texts.difference}</Table.ColumnHeader>
              </>
            )}
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {comparedMetrics(newest.metrics, champion?.metrics ?? null, formats, newest.headline).map(
            ([name, mine, theirs, difference]) => (
              <Table.Row key={name}>
                <Table.ColumnHeader scope="row" {...LONG}>
                  {name}
                </Table.ColumnHeader>
                <Table.Cell textAlign="end" {...LONG}>
                  {mine}
                  {reasonOf(newest, name)}
                </Table.Cell>
                {champion !== null && (
                  <>
                    <Table.Cell textAlign="end" {...LONG}>
                      {theirs}
                      {reasonOf(champion, name)}
                    </Table.Cell>
                    <Table.Cell textAlign="end">{difference}</Table.Cell>
                  </>
                )}
              </Table.Row>
            ),
          )}
        </Table.Body>
      </Table.Root>
      <Text color="fg.muted" marginTop={2}>
        {champion === null ? texts.noChampion : texts[rowsBeside(evidence, newest, champion)]}
      </Text>
    </Box>
  );
};

/** Facts that only trained models, only imported ones or only feature tasks have. */
const ofKind = (
  evidence: StoredEvidence,
  newest: Measured | undefined,
  { evidence: own, imported: ofFile }: Texts,
  formats: Formats,
): [string, ReactNode][] => {
  const { training, statistics, hyperparameters } = evidence;
  const show = (rows: number): string => formats.number(rows);
  const [task, imported] = [taskOf(evidence), importedOf(evidence)];
  if (imported !== undefined) {
    return [
      ...fileFacts(imported, ofFile, formats),
      [ofFile.statisticsRows, statistics === undefined || statistics === null ? "–" : show(statistics.rows)],
      [own.evaluationRows, newest === undefined ? "–" : show(newest.rows)],
    ];
  }
  return task === undefined
    ? [
        [own.trainingRows, typeof training?.rows === "number" ? show(training.rows) : "–"],
        [own.evaluationRows, newest === undefined ? "–" : show(newest.rows)],
        [own.hyperparameters, <Code key="hyperparameters">{JSON.stringify(hyperparameters ?? {})}</Code>],
      ]
    : [
        [own.table, <Code key="table">{task.output}</Code>],
        [own.language, task.language],
        [own.key, task.key.join(", ")],
        [own.incremental, task.incremental ?? "–"],
        [own.runRows, newest === undefined ? "–" : show(newest.rows)],
      ];
};

type FactsProps = { request: ApprovalRequest | null; evidence: StoredEvidence; newest: Measured | undefined };

const Facts: FC<FactsProps> = ({ request, evidence, newest }) => {
  const texts = useTexts();
  const own = texts.evidence;
  const formats = useFormats();
  const may = request?.approvers.filter((person) => !request.requesters.includes(person)) ?? [];
  const hash = (name: string): string => texts.analysis.of(own.hash, name);
  const facts: [string, ReactNode][] = [
    [own.askedBy, request?.requesters.join(", ") ?? evidence.requested_by],
    ...(request === null
      ? []
      : [[own.approvers, may.length > 0 ? may.join(", ") : own.anybodyElse] satisfies [string, ReactNode]]),
    ...ofKind(evidence, newest, texts, formats),
    [own.commit, <Code key="commit">{evidence.commit ?? texts.none}</Code>],
    ...(
      [
        [own.artifacts, evidence.artifact_sha256],
        [own.ofTraining, evidence.training?.data_sha256],
        [texts.imported.ofFile, importedOf(evidence)?.file.sha256],
        [texts.imported.ofStatistics, evidence.statistics?.data_sha256],
        [taskOf(evidence) === undefined ? own.ofEvaluation : own.ofRun, newest?.data_sha256],
        [own.code, evidence.code_sha256],
        [own.packages, evidence.requirements_sha256],
        [own.all, request?.digest],
      ] as const
    )
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]): [string, ReactNode] => [hash(name), <Code key={name}>{value}</Code>]),
  ];
  return (
    <Section title={own.facts}>
      <FactTable label={own.facts} facts={facts} />
    </Section>
  );
};
