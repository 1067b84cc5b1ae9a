import { Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { getEvidence, type Recorded, type WholeJob } from "../api/client";
import { Answer } from "../parts/Answer";
import { Notice } from "../parts/Problem";
import { useFormats, useTexts } from "../texts/language";
import { type ColumnStatistics, Statistics } from "./Statistics";

const ROLES = ["prediction", "feature", "target"];

/** The statistics of columns that a job has recorded: predictions, features and targets each in a table. */
export const RecordedStatistics: FC<{ recorded: Recorded[]; about?: string }> = ({ recorded, about }) => {
  const texts = useTexts().statistics;
  const formats = useFormats();
  const groups = ROLES.map((role) => ({
    role,
    columns: recorded.filter((one) => one.role === role) as unknown as ColumnStatistics[],
  })).filter(({ columns }) => columns.length > 0);
  return (
    groups.length > 0 && (
      <Stack gap={3}>
        {groups.map(({ role, columns }) => (
          <Statistics
            key={role}
            title={texts.ofRows(texts.roles[role] ?? role, formats.number(columns[0]?.values.rows ?? 0))}
            columns={columns}
          />
        ))}
        {about !== undefined && <Text color="fg.muted">{about}</Text>}
      </Stack>
    )
  );
};

/** The statistics of the columns of a published batch. */
export const BatchStatistics: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts().statistics;
  const query = useQuery({
    queryKey: ["evidence", job.id, job.status, job.attempt],
    queryFn: ({ signal }) => getEvidence(job.id, signal),
  });
  return (
    <Answer query={query}>
      {({ statistics }) =>
        statistics.length === 0 ? <Notice text={texts.none} /> : <RecordedStatistics recorded={statistics} />
      }
    </Answer>
  );
};
