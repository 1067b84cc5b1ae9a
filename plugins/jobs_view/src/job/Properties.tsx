import { Box, Code, Stack, Text } from "@chakra-ui/react";
import type { FC } from "react";

import type { WholeJob } from "../api/client";
import { FactTable } from "../parts/FactTable";
import { Section } from "../parts/Section";
import { useTexts } from "../texts/language";
import { Used } from "./Usage";

/** The complete parameters, result and error of a job. */
export const Properties: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const task = { dag_id: job.dag_id, run_id: job.run_id, task_id: job.task_id, map_index: job.map_index };
  return (
    <Stack gap={6}>
      {job.error !== null && (
        <Section title={texts.error}>
          <Box as="pre" whiteSpace="pre-wrap" overflowWrap="anywhere" fontSize="sm" bg="bg.error" padding={3}>
            {job.error}
          </Box>
        </Section>
      )}
      <Section title={texts.parameters}>
        <Values label={texts.parameters} values={job.parameters} />
      </Section>
      <Section title={texts.result}>
        {job.result === null ? (
          <Text color="fg.muted">{texts.noResult}</Text>
        ) : (
          <Values label={texts.result} values={job.result} />
        )}
      </Section>
      <Section title={texts.usage.title}>
        <Used job={job} />
      </Section>
      <Section title={texts.task}>
        <Values label={texts.task} values={task} />
      </Section>
    </Stack>
  );
};

const Values: FC<{ label: string; values: Record<string, unknown> }> = ({ label, values }) => (
  <FactTable label={label} facts={Object.entries(values).map(([name, value]) => [name, <Value value={value} />])} />
);

const Value: FC<{ value: unknown }> = ({ value }) => {
  const texts = useTexts();
  if (value === null || value === undefined) {
    return <Text color="fg.muted">{texts.none}</Text>;
  }
  const said = typeof value === "boolean" ? (value ? texts.yes : texts.no) : value;
  const text = typeof said === "string" ? said : JSON.stringify(said, null, 2);
  return (
    <Code variant="plain" whiteSpace="pre-wrap" overflowWrap="anywhere">
      {text}
    </Code>
  );
};
