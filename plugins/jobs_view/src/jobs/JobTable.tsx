import { Box, Table, Text } from "@chakra-ui/react";
import type { FC } from "react";

import { jobAddress, listAddress } from "../addresses";
import type { Job } from "../api/client";
import { Moment } from "../parts/Moment";
import { RouterLink } from "../parts/RouterLink";
import { StatusBadge } from "../parts/StatusBadge";
import { isExplained } from "../parts/statuses";
import { useFormats, useTexts } from "../texts/language";

/** Jobs, one a row. On a narrow page the table scrolls by itself. */
export const JobTable: FC<{ jobs: Job[] }> = ({ jobs }) => {
  const texts = useTexts();
  const formats = useFormats();
  return (
    <Box overflowX="auto" tabIndex={0} role="region" aria-label={texts.jobs}>
      <Table.Root size="sm" interactive>
        <Table.Header>
          <Table.Row>
            <Table.ColumnHeader>{texts.type}</Table.ColumnHeader>
            <Table.ColumnHeader>{texts.subject}</Table.ColumnHeader>
            <Table.ColumnHeader>{texts.status}</Table.ColumnHeader>
            <Table.ColumnHeader>{texts.who}</Table.ColumnHeader>
            <Table.ColumnHeader>{texts.created}</Table.ColumnHeader>
            <Table.ColumnHeader textAlign="end">{texts.waited}</Table.ColumnHeader>
            <Table.ColumnHeader textAlign="end">{texts.worked}</Table.ColumnHeader>
            <Table.ColumnHeader textAlign="end">{texts.attempt}</Table.ColumnHeader>
          </Table.Row>
        </Table.Header>
        <Table.Body>
          {jobs.map((job) => (
            <Table.Row key={job.id} data-job={job.id}>
              <Table.Cell whiteSpace="nowrap">
                <RouterLink to={jobAddress(job.id)}>{texts.types[job.type]}</RouterLink>
              </Table.Cell>
              <Table.Cell minWidth="14rem">
                <RouterLink to={listAddress({ subject: job.subject })}>{job.subject}</RouterLink>
                <Reason job={job} />
              </Table.Cell>
              <Table.Cell>
                <StatusBadge status={job.status} />
              </Table.Cell>
              <Table.Cell>{job.requested_by}</Table.Cell>
              <Table.Cell>
                <Moment at={job.created_at} />
              </Table.Cell>
              <Table.Cell textAlign="end" whiteSpace="nowrap">
                {formats.duration(job.waited)}
              </Table.Cell>
              <Table.Cell textAlign="end" whiteSpace="nowrap">
                {formats.duration(job.worked)}
              </Table.Cell>
              <Table.Cell textAlign="end">{job.attempt}</Table.Cell>
            </Table.Row>
          ))}
        </Table.Body>
      </Table.Root>
    </Box>
  );
};

/** Why the job has failed, in one line; its page has the whole error. */
const Reason: FC<{ job: Job }> = ({ job: { reason, status } }) =>
  reason === null || !isExplained(status) ? null : (
    <Text fontSize="sm" color="red.fg" title={reason} maxWidth="32rem" truncate>
      {reason}
    </Text>
  );
