import { Code, Heading, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import { type FC, useMemo } from "react";

import { jobAddress } from "../addresses";
import { type DriftOverTime, getDriftOverTime } from "../api/client";
import { Answer } from "../parts/Answer";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { Section } from "../parts/Section";
import { useFormats, useTexts } from "../texts/language";
import { DeploymentLinks } from "./DeploymentLinks";
import { HeatMap } from "./HeatMap";

const SECONDS = 30;

/** Drift over time of the latest batches in a deployment's target, by any of its deployments. */
export const DriftPage: FC<{ deployment: string }> = ({ deployment }) => {
  const texts = useTexts();
  const query = useQuery({
    queryKey: ["drift over time", deployment],
    queryFn: ({ signal }) => getDriftOverTime(deployment, signal),
    refetchInterval: SECONDS * 1000,
  });
  return (
    <Answer query={query}>
      {(found) => (
        <Stack gap={4}>
          <Heading as="h2" size="md">
            {texts.drift.of(`${found.model} v${String(found.version)}`, found.target)}
          </Heading>
          <DeploymentLinks deployment={found.deployment} kind={found.kind} current="drift">
            {found.reference_job !== null && (
              <RouterLink to={jobAddress(found.reference_job, "evidence")}>{texts.drift.reference}</RouterLink>
            )}
          </DeploymentLinks>
          {found.columns.length === 0 ? <Notice text={texts.drift.noResults} /> : <OverTime found={found} />}
          <Section title={texts.drift.inSql}>
            <Code as="pre" whiteSpace="pre-wrap" overflowWrap="anywhere" padding={2}>
              {found.statement}
            </Code>
          </Section>
        </Stack>
      )}
    </Answer>
  );
};

const OverTime: FC<{ found: DriftOverTime }> = ({ found }) => {
  const { drift: texts } = useTexts();
  const formats = useFormats();
  const [batches, columns] = useMemo(
    () => [found.batches.toReversed(), found.columns.map((one) => ({ ...one, results: one.results.toReversed() }))],
    [found],
  );
  return (
    <Section title={texts.overTime}>
      <HeatMap batches={batches} columns={columns} />
      <Text color="fg.muted" marginTop={2}>
        {found.columns_left_out > 0 && `${texts.leftOut(formats.number(found.columns_left_out))} `}
        {found.more && `${texts.earlier} `}
        {texts.aboutMap}
      </Text>
    </Section>
  );
};
