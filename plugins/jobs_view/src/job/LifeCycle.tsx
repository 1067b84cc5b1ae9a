import { Badge, Box, Flex, HStack, Stack, Table, Text } from "@chakra-ui/react";
import type { FC } from "react";

import type { WholeJob } from "../api/client";
import { Section } from "../parts/Section";
import { useNow } from "../parts/useNow";
import { useFormats, useTexts } from "../texts/language";
import { paletteOf, type Share, shares, stepOf, type Stretch, stretches, waitOf } from "./lifetime";

const SHORT_HASH = 12;
const HASH = /^[0-9a-f]{40,64}$/;

/** The events of a job, in order, and how its time was spent. */
export const LifeCycle: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const all = stretches(job, useNow());
  return (
    <Stack gap={5}>
      <Spent shares={shares(all)} />
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={texts.tabs.life}>
        <Table.Root size="sm">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>{texts.time}</Table.ColumnHeader>
              <Table.ColumnHeader>{texts.event}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.lasted}</Table.ColumnHeader>
              <Table.ColumnHeader>{texts.actor}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.attempt}</Table.ColumnHeader>
              <Table.ColumnHeader>{texts.detail}</Table.ColumnHeader>
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {all.map((stretch, index) => (
              <Line key={index} stretch={stretch} before={all[index - 1]} />
            ))}
          </Table.Body>
        </Table.Root>
      </Box>
    </Stack>
  );
};

/** The parts of a job's time, as a bar and as numbers. */
const Spent: FC<{ shares: Share[] }> = ({ shares: parts }) => {
  const texts = useTexts();
  const formats = useFormats();
  const spoken = parts.map(({ event, seconds }) => texts.ofStatus(formats.duration(seconds), texts.events[event]));
  return (
    <Section title={texts.timeSpent}>
      <Flex height={4} borderRadius="sm" overflow="hidden" gap="1px" role="img" aria-label={spoken.join(", ")}>
        {parts.map(({ event, seconds, palette }) => (
          <Box
            key={event}
            flexGrow={seconds}
            flexBasis={0}
            minWidth="3px"
            colorPalette={palette}
            bg="colorPalette.solid"
            title={texts.ofStatus(formats.duration(seconds), texts.events[event])}
          />
        ))}
      </Flex>
      <HStack gap={4} wrap="wrap" marginTop={2}>
        {parts.map(({ event, seconds, palette }) => (
          <HStack key={event} gap={1.5}>
            <Box width={2.5} height={2.5} borderRadius="full" colorPalette={palette} bg="colorPalette.solid" />
            <Text fontSize="sm">
              {texts.events[event]} <b>{formats.duration(seconds)}</b>
            </Text>
          </HStack>
        ))}
      </HStack>
    </Section>
  );
};

const Line: FC<{ stretch: Stretch; before: Stretch | undefined }> = ({ stretch, before }) => {
  const { jobEvent, lasted, open } = stretch;
  const texts = useTexts();
  const formats = useFormats();
  const { event, at, actor, attempt } = jobEvent;
  const day = formats.day(at);
  const isAnotherDay = before === undefined || formats.day(before.jobEvent.at) !== day;
  const duration = formats.duration(lasted);
  const actors = new Map([
    ["airflow", texts.airflow],
    ["worker", texts.worker],
  ]);
  return (
    <Table.Row>
      <Table.Cell whiteSpace="nowrap" title={formats.moment(at)} fontVariantNumeric="tabular-nums">
        {isAnotherDay && (
          <Text fontSize="xs" color="fg.muted">
            {day}
          </Text>
        )}
        <time dateTime={at}>{formats.clock(at)}</time>
      </Table.Cell>
      <Table.Cell>
        <Badge colorPalette={paletteOf(event)} variant={event === "step" ? "plain" : "surface"}>
          {event === "step" ? stepOf(jobEvent, texts.steps) : texts.events[event]}
        </Badge>
      </Table.Cell>
      <Table.Cell textAlign="end" whiteSpace="nowrap">
        {lasted === null ? "" : open ? texts.soFar(duration) : duration}
      </Table.Cell>
      <Table.Cell>{actors.get(actor) ?? actor}</Table.Cell>
      <Table.Cell textAlign="end">{attempt === 0 ? "–" : attempt}</Table.Cell>
      <Table.Cell fontSize="xs" color="fg.muted" overflowWrap="anywhere">
        {event === "waiting" ? waitOf(jobEvent, texts.waits) : <Detail detail={jobEvent.detail} />}
      </Table.Cell>
    </Table.Row>
  );
};

/** The other details of an event. Hashes are shortened; the tooltip has the whole hash. */
const Detail: FC<{ detail: Record<string, unknown> }> = ({ detail }) =>
  Object.entries(detail)
    .filter(([name, value]) => name !== "step" && value !== null)
    .map(([name, value]) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      return (
        <Text as="span" key={name} marginEnd={3} title={text}>
          {name}{" "}
          <Text as="span" color="fg">
            {HASH.test(text) ? text.slice(0, SHORT_HASH) : text}
          </Text>
        </Text>
      );
    });
