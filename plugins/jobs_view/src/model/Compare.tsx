import { Badge, Code, Heading, HStack, Stack, Table, Text } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC, ReactNode } from "react";

import { type ComparedVersion, type Comparison, getComparison, type Version, type VersionKind } from "../api/client";
import { Answer } from "../parts/Answer";
import { LONG } from "../parts/DataTable";
import { FactTable } from "../parts/FactTable";
import { Choice } from "../parts/Fields";
import { Notice } from "../parts/Problem";
import { Section } from "../parts/Section";
import { useTexts } from "../texts/language";
import { type Difference, differences, pinned, type Sameness } from "./comparison";
import { MetricsSideBySide } from "./MetricsSideBySide";
import { comparedFirst, comparedIn } from "./versions";

type Props = {
  kind: VersionKind;
  model: string;
  rows: Version[];
  address: URLSearchParams;
  choose: (change: Record<string, string>) => void;
};

/** Two versions side by side: by default the newest, and the one in production or the one before. */
export const Compare: FC<Props> = ({ kind, model, rows, address, choose }) => {
  const own = useTexts().model.comparison;
  const numbers = comparedIn(address.get("compare")) ?? comparedFirst(rows);
  if (numbers === null) return null;
  const [left, right] = numbers;
  const options = [...new Set([...numbers, ...rows.map(({ number }) => number)])]
    .sort((one, other) => other - one)
    .map((number): [string, string] => [String(number), `v${String(number)}`]);
  return (
    <Section title={own.title}>
      <Stack gap={3}>
        <HStack gap={3} wrap="wrap" align="flex-end">
          <Choice
            label={own.left}
            value={String(left)}
            set={(number) => choose({ compare: `${number},${String(right)}` })}
            options={options}
          />
          <Choice
            label={own.right}
            value={String(right)}
            set={(number) => choose({ compare: `${String(left)},${number}` })}
            options={options}
          />
        </HStack>
        {left === right ? <Notice text={own.choose} /> : <Loaded kind={kind} model={model} left={left} right={right} />}
      </Stack>
    </Section>
  );
};

type LoadedProps = { kind: VersionKind; model: string; left: number; right: number };

const Loaded: FC<LoadedProps> = ({ kind, model, left, right }) => {
  const query = useQuery({
    queryKey: ["comparison", kind, model, left, right],
    queryFn: ({ signal }) => getComparison(kind, model, [left, right], signal),
  });
  return (
    <Answer query={query}>
      {({ versions, better }) => {
        const [mine, theirs] = [left, right].map((number) => versions.find((version) => version.number === number));
        return mine === undefined || theirs === undefined ? null : (
          <Stack gap={4}>
            <Compared kind={kind} mine={mine} theirs={theirs} better={better} />
          </Stack>
        );
      }}
    </Answer>
  );
};

type ComparedProps = {
  kind: VersionKind;
  mine: ComparedVersion;
  theirs: ComparedVersion;
  better: Comparison["better"];
};

const Compared: FC<ComparedProps> = ({ kind, mine, theirs, better }) => {
  const own = useTexts().model.comparison;
  const titles: [string, string] = [`v${String(mine.number)}`, `v${String(theirs.number)}`];
  const isModel = kind === "model";
  const isTrained = isModel && (mine.hyperparameters ?? theirs.hyperparameters) !== null;
  return (
    <>
      <Part title={own.metrics}>
        {mine.metrics === null && theirs.metrics === null ? (
          <Text>{own.noMetrics}</Text>
        ) : (
          <MetricsSideBySide
            label={own.metrics}
            titles={titles}
            mine={mine.metrics ?? {}}
            theirs={theirs.metrics}
            first={mine.headline ?? theirs.headline ?? []}
            better={better}
            note={
              mine.evaluation_sha256 === null || theirs.evaluation_sha256 === null
                ? null
                : mine.evaluation_sha256 === theirs.evaluation_sha256
                  ? own.sameRows
                  : own.otherRows
            }
          />
        )}
      </Part>
      {isTrained && (
        <Differing
          title={own.hyperparameters}
          titles={titles}
          found={differences(mine.hyperparameters, theirs.hyperparameters)}
        />
      )}
      {(mine.definition ?? theirs.definition) !== null && (
        <Differing title={own.definition} titles={titles} found={differences(mine.definition, theirs.definition)} />
      )}
      {isModel && <Differing title={own.columns} titles={titles} found={differences(mine.columns, theirs.columns)} />}
      <Part title={own.pinned}>
        <FactTable
          label={own.pinned}
          facts={pinned(mine, theirs)
            .filter(([what]) => isTrained || what !== "trainingRows")
            .map(([what, same]) => [own[what], <SamenessBadge key={what} same={same} />])}
        />
      </Part>
    </>
  );
};

const Part: FC<{ title: string; children: ReactNode }> = ({ title, children }) => (
  <Stack gap={1}>
    <Heading as="h4" size="sm">
      {title}
    </Heading>
    {children}
  </Stack>
);

const SAMENESS: Record<Sameness, string> = { same: "gray", different: "orange", unknown: "gray" };

const SamenessBadge: FC<{ same: Sameness }> = ({ same }) => (
  <Badge variant="surface" colorPalette={SAMENESS[same]}>
    {useTexts().model.comparison[same]}
  </Badge>
);

type DifferingProps = { title: string; titles: [string, string]; found: Difference[] };

const Differing: FC<DifferingProps> = ({ title, titles, found }) => {
  const own = useTexts().model.comparison;
  const cell = (value: string | null): ReactNode => (
    <Table.Cell minWidth="8em" {...LONG}>
      {value === null ? "–" : <Code overflowWrap="anywhere">{value}</Code>}
    </Table.Cell>
  );
  return (
    <Part title={title}>
      {found.length === 0 ? (
        <Text>{own.alike}</Text>
      ) : (
        <Table.ScrollArea tabIndex={0} role="region" aria-label={title}>
          <Table.Root size="sm" width="auto">
            <Table.Header>
              <Table.Row>
                <Table.ColumnHeader>{own.what}</Table.ColumnHeader>
                {titles.map((each) => (
                  <Table.ColumnHeader key={each}>{each}</Table.ColumnHeader>
                ))}
              </Table.Row>
            </Table.Header>
            <Table.Body>
              {found.map(([name, left, right]) => (
                <Table.Row key={name}>
                  <Table.ColumnHeader scope="row" minWidth="7em" {...LONG}>
                    {name}
                  </Table.ColumnHeader>
                  {cell(left)}
                  {cell(right)}
                </Table.Row>
              ))}
            </Table.Body>
          </Table.Root>
        </Table.ScrollArea>
      )}
    </Part>
  );
};
