import { Button, Heading, HStack, Stack, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import { type FC, useState } from "react";

import { comparisonAddress, jobAddress, versionsAddress } from "../addresses";
import { type Action, type Decision, getDecisions } from "../api/client";
import { ACTION_PALETTES, Ask } from "../job/Actions";
import { MetricsSideBySide } from "../model/MetricsSideBySide";
import { Answer } from "../parts/Answer";
import { Moment } from "../parts/Moment";
import { Notice } from "../parts/Problem";
import { RouterLink } from "../parts/RouterLink";
import { useFormats, useTexts } from "../texts/language";

const SECONDS = 10;

/** The decisions that the person may take now, with the metrics beside the champion's; those that wait longest first. */
export const DecisionsPage: FC = () => {
  const texts = useTexts();
  const own = texts.decisions;
  const [taken, setTaken] = useState<ReadonlySet<number>>(new Set());
  const [last, setLast] = useState<Action | null>(null);
  const query = useQuery({
    queryKey: ["decisions"],
    queryFn: ({ signal }) => getDecisions(signal),
    refetchInterval: SECONDS * 1000,
  });
  return (
    <Stack gap={4}>
      <Heading as="h2" size="xl">
        {own.title}
      </Heading>
      {last !== null && <Notice text={texts.taken(texts.actions[last])} />}
      <Answer query={query}>
        {({ decisions, number, more }) => {
          const open = decisions.filter((decision) => !taken.has(decision.job_id));
          return (
            <>
              {open.length === 0 && !more && <Notice text={own.none} />}
              {open.map((decision) => (
                <Asked
                  key={decision.job_id}
                  decision={decision}
                  taken={(action) => {
                    setLast(action);
                    setTaken((before) => new Set([...before, decision.job_id]));
                  }}
                />
              ))}
              {more && number > 0 && <Text color="fg.muted">{own.only(number)}</Text>}
            </>
          );
        }}
      </Answer>
    </Stack>
  );
};

type AskedProps = { decision: Decision; taken: (action: Action) => void };

const Asked: FC<AskedProps> = ({ decision, taken }) => {
  const texts = useTexts();
  const own = texts.decisions;
  const formats = useFormats();
  const [chosen, setChosen] = useState<Action | null>(null);
  const { champion, model, kind, version } = decision;
  const subject = `${model} v${String(version)}`;
  const rowsOf = kind === "model" ? texts.evidence.evaluationRows : texts.evidence.runRows;
  return (
    <Stack as="section" aria-label={subject} gap={3} borderWidth={1} borderRadius="md" padding={4}>
      <Stack gap={1}>
        <Heading as="h3" size="md" overflowWrap="anywhere">
          <RouterLink to={jobAddress(decision.job_id)}>{subject}</RouterLink>
        </Heading>
        <Text>{own.asks[kind]}</Text>
        <HStack gap={4} wrap="wrap" fontSize="sm" color="fg.muted">
          <Text>{texts.analysis.of(texts.askedBy, decision.requesters.join(", "))}</Text>
          <Text>
            {texts.analysis.of(own.since, "")}
            <Moment at={decision.asked_at} />
          </Text>
          {decision.rows !== null && <Text>{texts.analysis.of(rowsOf, formats.number(decision.rows))}</Text>}
        </HStack>
      </Stack>
      <MetricsSideBySide
        label={texts.analysis.of(subject, texts.catalogue.metrics)}
        titles={[`v${String(version)}`, champion === null ? "" : own.champion(champion.version)]}
        mine={decision.metrics ?? {}}
        theirs={champion === null ? null : (champion.metrics ?? {})}
        first={Object.keys(decision.metrics ?? {})}
        better={decision.better}
        note={champion === null ? own.noChampion : champion.same_rows ? own.sameRows : own.otherRows}
      />
      <HStack gap={4} wrap="wrap">
        {(["approve", "reject"] as const).map((action) => (
          <Button
            key={action}
            size="sm"
            variant={action === "approve" ? "solid" : "outline"}
            colorPalette={ACTION_PALETTES[action]}
            onClick={() => setChosen(action)}
          >
            {texts.actions[action]}
          </Button>
        ))}
        <RouterLink to={jobAddress(decision.job_id, "evidence")}>{own.evidence}</RouterLink>
        {champion === null ? (
          <RouterLink to={versionsAddress(decision)}>{own.page}</RouterLink>
        ) : (
          <RouterLink to={comparisonAddress(decision, version, champion.version)}>{own.compare}</RouterLink>
        )}
      </HStack>
      {chosen !== null && (
        <Ask
          key={chosen}
          job={{ id: decision.job_id, type: decision.type, subject, request: { digest: decision.digest } }}
          action={chosen}
          close={() => setChosen(null)}
          taken={() => taken(chosen)}
        />
      )}
    </Stack>
  );
};
