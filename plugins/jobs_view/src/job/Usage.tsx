import { Code, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { getUsage, type JobUsage, type WholeJob } from "../api/client";
import { Answer } from "../parts/Answer";
import { FactTable } from "../parts/FactTable";
import { useFormats, useTexts } from "../texts/language";
import { mostUsed, nextRequest, requested, used } from "./used";

/** The memory and CPU time that a job has used, and a request for the next one. */
export const Used: FC<{ job: WholeJob }> = ({ job }) => {
  const query = useQuery({
    queryKey: ["usage", job.id, job.status, job.attempt],
    queryFn: ({ signal }) => getUsage(job.id, signal),
  });
  return <Answer query={query}>{(usage) => <Usage usage={usage} />}</Answer>;
};

const Usage: FC<{ usage: JobUsage }> = ({ usage }) => {
  const { usage: texts } = useTexts();
  const formats = useFormats();
  const { recent } = usage;
  const measured = used(usage, texts, formats);
  const wanted = requested(usage, texts, formats);
  const next = nextRequest(usage);
  const facts =
    wanted.length === 0 ? measured : [...measured, [texts.requested, wanted.join(", ")] satisfies [string, string]];
  return (
    <Stack gap={2}>
      {measured.length === 0 && <Text color="fg.muted">{texts.unmeasured}</Text>}
      {facts.length > 0 && <FactTable label={texts.title} facts={facts} />}
      {recent !== null && next !== null && (
        <>
          <Text fontSize="sm">{texts.most(recent.jobs, mostUsed(recent, texts, formats).join(", "))}</Text>
          <Code variant="plain" whiteSpace="pre-wrap" overflowWrap="anywhere">
            {next}
          </Code>
        </>
      )}
    </Stack>
  );
};
