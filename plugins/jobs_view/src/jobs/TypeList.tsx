import { Box, Button, Heading, HStack, Stack, Text } from "@chakra-ui/react";
import type { FC, PropsWithChildren } from "react";

import type { JobCount, JobStatus, JobType } from "../api/client";
import { PALETTES } from "../parts/statuses";
import { GROUPS, typesOf } from "../texts/jobTypes";
import { useFormats, useTexts } from "../texts/language";
import type { Filters } from "./filters";
import { useCounts } from "./queries";

type Props = { filters: Filters; change: (change: Partial<Filters>) => void };

/** The job types by group, with the number of jobs by status; the selected type is listed. */
export const TypeList: FC<Props> = ({ filters, change }) => {
  const texts = useTexts();
  const { data: counts } = useCounts();
  const chosen = filters.types.length === 1 ? filters.types[0] : undefined;
  const choose = (types: JobType[], statuses = filters.statuses) => change({ types, statuses });
  return (
    <Stack as="nav" aria-label={texts.type} gap={1} width={{ base: "100%", lg: "17rem" }} flexShrink={0}>
      <Row label={texts.allTypes} counts={counts} chosen={filters.types.length === 0} choose={() => choose([])} />
      {GROUPS.map((group) => (
        <Box key={group}>
          <Heading as="h3" size="xs" color="fg.muted" marginTop={3} marginBottom={1} paddingX={2}>
            {texts.groups[group]}
          </Heading>
          {typesOf(group).map((type) => {
            const ofType = counts?.filter((count) => count.type === type);
            return (
              <Row
                key={type}
                label={texts.types[type]}
                counts={ofType}
                chosen={chosen === type}
                choose={() => choose(chosen === type ? [] : [type])}
              >
                <Statuses counts={ofType ?? []} choose={(status) => choose([type], [status])} />
              </Row>
            );
          })}
        </Box>
      ))}
    </Stack>
  );
};

type RowProps = PropsWithChildren<{
  label: string;
  counts: JobCount[] | undefined;
  chosen: boolean;
  choose: () => void;
}>;

const Row: FC<RowProps> = ({ label, counts, chosen, choose, children }) => {
  const texts = useTexts();
  const formats = useFormats();
  const total = counts?.reduce((sum, count) => sum + count.number, 0);
  const more = counts?.some((count) => count.more) ?? false;
  return (
    <HStack gap={1} borderRadius="sm" bg={chosen ? "bg.emphasized" : undefined}>
      <Button
        size="sm"
        flex={1}
        justifyContent="flex-start"
        paddingX={2}
        variant="ghost"
        aria-pressed={chosen}
        onClick={choose}
      >
        {label}
      </Button>
      {children}
      <Text minWidth={8} paddingEnd={2} textAlign="end" fontSize="sm" fontVariantNumeric="tabular-nums">
        {total === undefined ? "…" : texts.counted(formats.number(total), more)}
      </Text>
    </HStack>
  );
};

/** The number of jobs of a type by status, each a link to these jobs. */
const Statuses: FC<{ counts: JobCount[]; choose: (status: JobStatus) => void }> = ({ counts, choose }) => {
  const texts = useTexts();
  const formats = useFormats();
  return (
    <HStack gap={1} justify="flex-end" wrap="wrap">
      {counts.map(({ status, number, more }) => {
        const shown = texts.counted(formats.number(number), more);
        return (
          <Button
            key={status}
            size="2xs"
            variant="subtle"
            colorPalette={PALETTES[status]}
            title={texts.ofStatus(shown, texts.statuses[status])}
            aria-label={texts.ofStatus(shown, texts.statuses[status])}
            onClick={() => choose(status)}
          >
            {shown}
          </Button>
        );
      })}
    </HStack>
  );
};
