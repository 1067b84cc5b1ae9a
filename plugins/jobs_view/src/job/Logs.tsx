import { Badge, Box, Button, Checkbox, HStack, Input, NativeSelect, Stack, Text } from "@chakra-ui/react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type FC, useEffect, useMemo, useRef, useState } from "react";

import type { WholeJob } from "../api/client";
import { Loading } from "../parts/Loading";
import { Notice, Problem } from "../parts/Problem";
import { isFinal } from "../parts/statuses";
import { useFormats, useTexts } from "../texts/language";
import { folded, type Row, unfolded, withOrWithout } from "./groups";
import { fileOf, fitting, found, type Level, LEVELS, type Line } from "./log";
import { attemptsOf } from "./sources";
import { useLog } from "./useLog";

/** The log of each attempt at a job, as it is written. */
export const Logs: FC<{ job: WholeJob }> = ({ job }) => {
  const texts = useTexts();
  const [chosen, setChosen] = useState<number | null>(null);
  if (job.attempt === 0 || !job.events.some((jobEvent) => jobEvent.event === "running")) {
    return <Notice text={isFinal(job.status) ? texts.neverRan : texts.notStarted} />;
  }
  const attempt = chosen ?? job.attempt;
  return (
    <LogOfAttempt
      key={attempt}
      job={job}
      attempt={attempt}
      choose={(number) => setChosen(number === job.attempt ? null : number)}
    />
  );
};

type Props = { job: WholeJob; attempt: number; choose: (attempt: number) => void };

const LogOfAttempt: FC<Props> = ({ job, attempt, choose }) => {
  const texts = useTexts();
  const isLive = attempt === job.attempt && !isFinal(job.status);
  const log = useLog(job, attempt, isLive);
  const [search, setSearch] = useState("");
  const [from, setFrom] = useState<Level>("debug");
  const [wraps, setWraps] = useState(true);
  const [follows, setFollows] = useState(true);
  const [toggled, setToggled] = useState<ReadonlySet<number>>(new Set());
  const rows = useMemo(
    () =>
      from === LEVELS[0] && search === "" ? folded(log.lines, toggled) : unfolded(fitting(log.lines, from, search)),
    [log.lines, from, search, toggled],
  );
  const toggle = (group: number): void => setToggled((before) => withOrWithout(before, group));
  const name = `${job.dag_id}.${job.task_id}.${String(job.id)}.attempt-${String(attempt)}.log`;
  return (
    <Stack gap={2}>
      <HStack gap={3} wrap="wrap" role="toolbar" aria-label={texts.log}>
        <Choice
          label={texts.attempt}
          value={String(attempt)}
          options={attemptsOf(job.events).map((number) => [String(number), texts.attemptNumber(number)])}
          choose={(value) => choose(Number(value))}
        />
        <Choice
          label={texts.level}
          value={from}
          options={LEVELS.map((level) => [level, texts.fromLevel(texts.levels[level] ?? level)])}
          choose={(value) => setFrom(value as Level)}
        />
        <Input
          size="sm"
          type="search"
          width="14rem"
          placeholder={texts.search}
          aria-label={texts.search}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        {search !== "" && (
          <Text fontSize="sm" color="fg.muted" aria-live="polite">
            {texts.matches(rows.length)}
          </Text>
        )}
        <Tick label={texts.wrap} on={wraps} set={setWraps} />
        {isLive && <Tick label={texts.follow} on={follows} set={setFollows} />}
        <Button size="sm" variant="outline" disabled={log.lines.length === 0} onClick={() => save(name, log.lines)}>
          {texts.download}
        </Button>
        {isLive && <Badge colorPalette="running">{texts.live}</Badge>}
      </HStack>
      {log.error !== null && <Problem error={log.error} retry={log.again} />}
      {log.isKept && <Notice text={texts.logKept} />}
      {log.gone ? (
        <Notice status="warning" text={texts.logGone} />
      ) : log.loading ? (
        <Loading />
      ) : rows.length === 0 && log.error === null ? (
        <Notice text={log.lines.length === 0 ? texts.emptyLog : texts.noLineFits} />
      ) : (
        <Lines
          lines={rows}
          search={search}
          wraps={wraps}
          follows={isLive ? follows : job.status === "failed"}
          toggle={toggle}
        />
      )}
    </Stack>
  );
};

type ChoiceProps = { label: string; value: string; options: [string, string][]; choose: (value: string) => void };

const Choice: FC<ChoiceProps> = ({ label, value, options, choose }) => (
  <NativeSelect.Root size="sm" width="auto">
    <NativeSelect.Field aria-label={label} value={value} onChange={(event) => choose(event.currentTarget.value)}>
      {options.map(([name, text]) => (
        <option key={name} value={name}>
          {text}
        </option>
      ))}
    </NativeSelect.Field>
    <NativeSelect.Indicator />
  </NativeSelect.Root>
);

const Tick: FC<{ label: string; on: boolean; set: (on: boolean) => void }> = ({ label, on, set }) => (
  <Checkbox.Root size="sm" checked={on} onCheckedChange={(details) => set(details.checked === true)}>
    <Checkbox.HiddenInput />
    <Checkbox.Control />
    <Checkbox.Label>{label}</Checkbox.Label>
  </Checkbox.Root>
);

const COLOURS: Record<Level, string> = { debug: "fg.subtle", info: "fg", warning: "orange.fg", error: "red.fg" };
const ROW_PIXELS = 20;
const AHEAD = 30;

type LinesProps = {
  lines: Row[];
  search: string;
  wraps: boolean;
  follows: boolean;
  toggle: (group: number) => void;
};

/** The lines of a log; only the visible ones are in the DOM. */
const Lines: FC<LinesProps> = ({ lines, search, wraps, follows, toggle }) => {
  const texts = useTexts();
  const formats = useFormats();
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the compiler isn't used
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    overscan: AHEAD,
  });
  useEffect(() => {
    if (follows && lines.length > 0) {
      rows.scrollToIndex(lines.length - 1, { align: "end" });
    }
  }, [follows, lines.length, rows]);
  return (
    <Box
      ref={scroller}
      tabIndex={0}
      role="log"
      aria-label={texts.log}
      overflow="auto"
      height="60vh"
      borderWidth={1}
      borderRadius="md"
      bg="bg.subtle"
      fontFamily="mono"
      fontSize="xs"
      lineHeight={`${String(ROW_PIXELS)}px`}
    >
      <Box position="relative" height={`${String(rows.getTotalSize())}px`} minWidth={wraps ? undefined : "max-content"}>
        {rows.getVirtualItems().map((row) => {
          const shown = lines[row.index];
          return (
            shown !== undefined && (
              <Box
                key={row.key}
                ref={rows.measureElement}
                data-index={row.index}
                position="absolute"
                top={0}
                paddingLeft={shown.isInside ? 6 : 2}
                paddingRight={2}
                width="100%"
                transform={`translateY(${String(row.start)}px)`}
                whiteSpace={wraps ? "pre-wrap" : "pre"}
                overflowWrap={wraps ? "anywhere" : undefined}
                color={COLOURS[shown.line.level]}
              >
                <Text as="span" color="fg.muted" userSelect="none">
                  {shown.line.at === null ? "" : `${formats.clock(shown.line.at)} `}
                </Text>
                {shown.group === null ? (
                  <Marked text={shown.line.text} search={search} />
                ) : (
                  <GroupTitle title={shown.line.text} group={shown.group} toggle={toggle} />
                )}
              </Box>
            )
          );
        })}
      </Box>
    </Box>
  );
};

type GroupProps = { title: string; group: NonNullable<Row["group"]>; toggle: (group: number) => void };

/** The title of a group of lines, which opens and folds it. */
const GroupTitle: FC<GroupProps> = ({ title, group, toggle }) => {
  const texts = useTexts();
  return (
    <Button
      variant="plain"
      size="2xs"
      height="auto"
      padding={0}
      color="fg.muted"
      fontFamily="mono"
      whiteSpace="inherit"
      textAlign="start"
      aria-expanded={group.isOpen}
      onClick={() => toggle(group.number)}
    >
      {`${group.isOpen ? "▾" : "▸"} ${title} · ${texts.matches(group.size)}`}
    </Button>
  );
};

/** A text with the matches of the search highlighted. */
const Marked: FC<{ text: string; search: string }> = ({ text, search }) => {
  const [before, marked, after] = found(text, search) ?? [text, "", ""];
  return (
    <>
      {before}
      {marked !== "" && <mark>{marked}</mark>}
      {after}
    </>
  );
};

const save = (name: string, lines: Line[]): void => {
  const address = URL.createObjectURL(new Blob([fileOf(lines)], { type: "text/plain" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  URL.revokeObjectURL(address);
};
