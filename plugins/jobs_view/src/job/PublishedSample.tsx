import { Box, HStack, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";

import { driftAddress, jobAddress } from "../addresses";
import { getPredictions, type Predictions, RequestFailed, type WholeJob } from "../api/client";
import { Answer } from "../parts/Answer";
import { LONG } from "../parts/DataTable";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { useFormats, useTexts } from "../texts/language";

const NOT_FOUND = 404;

/** Some of the rows that a batch has published: predictions or features. */
export const PublishedSample: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const query = useQuery({
    queryKey: ["predictions", job.id, job.status, job.attempt],
    queryFn: ({ signal }) => getPredictions(job.id, signal),
  });
  const none = query.error instanceof RequestFailed && query.error.status === NOT_FOUND;
  return none ? (
    <Notice text={texts.predictions.none} />
  ) : (
    <Answer query={query}>{(data) => <Sample data={data} />}</Answer>
  );
};

const Sample: FC<{ data: Predictions }> = ({ data }) => {
  const texts = useTexts();
  const formats = useFormats();
  return (
    <Stack gap={3}>
      {data.superseded_at !== null && (
        <Notice status="warning" text={texts.predictions.superseded(formats.moment(data.superseded_at))} />
      )}
      {data.set_aside > 0 && (
        <Notice status="warning" text={texts.predictions.setAside(formats.number(data.set_aside))} />
      )}
      <HStack gap={4} flexWrap="wrap">
        {data.check_job_id !== null && (
          <RouterLink to={jobAddress(data.check_job_id, "drift")}>{texts.drift.checkOfBatch}</RouterLink>
        )}
        <RouterLink to={driftAddress(data.deployment_id)}>{texts.drift.overTime}</RouterLink>
      </HStack>
      <Text>{texts.predictions.rows(formats.number(data.rows), data.target)}</Text>
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={data.target}>
        <Table.Root size="sm" width="auto">
          <Table.Header>
            <Table.Row>
              {data.columns.map((name) => (
                <Table.ColumnHeader key={name} {...LONG}>
                  {name}
                </Table.ColumnHeader>
              ))}
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {data.sample.map((row, number) => (
              <Table.Row key={number}>
                {row.map((value, column) => (
                  <Table.Cell key={column} fontVariantNumeric="tabular-nums" {...LONG}>
                    {value ?? <Text color="fg.muted">null</Text>}
                  </Table.Cell>
                ))}
              </Table.Row>
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
    </Stack>
  );
};
