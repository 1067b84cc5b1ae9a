import { Box, HStack, Table, Text } from "@chakra-ui/react";
import { type FC, Fragment, useState } from "react";

import { LONG } from "../parts/DataTable";
import { Section } from "../parts/Section";
import { useFormats, useTexts } from "../texts/language";
import { barsOf, comparedBars } from "./bars";
import { ColumnToggle } from "./ColumnToggle";
import { type Counts, countsOf } from "./counts";
import { Distribution } from "./Distribution";
import { Bins } from "./Distributions";

/** The comparison of a column with its reference, as the database keeps it; shifts are in standard deviations. */
type Drift = {
  verdict: string;
  index: number | null;
  shift: number | null;
  natural: number | null;
  detectable: number | null;
  /** The rows in the bins of the deployed run; runs of earlier releases have none. */
  bins?: { bin: string; reference_rows: number; rows: number }[];
};

/** Statistics of one column, as the database keeps them. */
export type ColumnStatistics = {
  variable: string;
  kind: string;
  /** The comparison with the deployed run; runs of earlier releases have the index alone. */
  drift?: Drift | number | null;
  values: {
    rows: number;
    nulls: number;
    min?: number | string | null;
    max?: number | string | null;
    mean?: number | null;
    std?: number | null;
    frequencies?: Record<string, number>;
    /** Bins of equal width. */
    histogram?: { edges: number[]; counts: number[]; below: number; above: number } | null;
  };
};

/** `deployed`: the columns of the deployed run, with which these were compared. */
type Props = { columns: ColumnStatistics[]; deployed?: ColumnStatistics[]; title?: string };

const MOST_FREQUENT = 3;

/** Column statistics and, for a run of a feature task, the drift of each column from the deployed run. */
export const Statistics: FC<Props> = ({ columns, deployed, title }) => {
  const compared = deployed !== undefined;
  const before = new Map(deployed?.map(({ variable, values }) => [variable, values]));
  const [open, setOpen] = useState<string | null>(null);
  const texts = useTexts().statistics;
  const formats = useFormats();
  const show = (...values: unknown[]): string[] => {
    const numbers = formats.compared(values.filter((value) => typeof value === "number"));
    return values.map((value) =>
      typeof value === "number"
        ? (numbers.shift() ?? "")
        : typeof value === "string"
          ? value.replace(".000000", "")
          : "–",
    );
  };
  const short = (value: number) => formats.number(Number(value.toPrecision(2)));
  const said = (drift: Drift | number | null | undefined): string => {
    if (drift === null || drift === undefined || typeof drift === "number") return show(drift)[0] ?? "";
    const { index, shift, natural, detectable, verdict } = drift;
    const small = verdict === "reference_too_small" && detectable !== null;
    const words = [small ? texts.tooSmall(short(detectable)) : (texts.verdicts[verdict] ?? verdict)];
    if (index !== null && shift !== null) words.push(texts.shift(short(index), short(shift)));
    if (natural !== null) words.push(texts.natural(short(natural)));
    return words.join("; ");
  };
  return (
    <Section title={title ?? texts.title}>
      <Box overflowX="auto" tabIndex={0} role="region" aria-label={title ?? texts.title}>
        <Table.Root size="sm" width="auto">
          <Table.Header>
            <Table.Row>
              <Table.ColumnHeader>{texts.column}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.nulls}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.least}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.most}</Table.ColumnHeader>
              <Table.ColumnHeader textAlign="end">{texts.mean}</Table.ColumnHeader>
              {compared && <Table.ColumnHeader>{texts.deployed}</Table.ColumnHeader>}
              <Table.ColumnHeader>{compared ? texts.now : texts.distribution}</Table.ColumnHeader>
              <Table.ColumnHeader>{texts.mostFrequent}</Table.ColumnHeader>
              {compared && <Table.ColumnHeader>{texts.drift}</Table.ColumnHeader>}
            </Table.Row>
          </Table.Header>
          <Table.Body>
            {columns.map((column) => {
              const { variable, values, drift } = column;
              const counts = countsOf(column, before.get(variable));
              const isOpen = variable === open;
              return (
                <Fragment key={variable}>
                  <Table.Row>
                    <Table.ColumnHeader scope="row" {...LONG}>
                      {counts.length === 0 ? (
                        variable
                      ) : (
                        <ColumnToggle
                          name={variable}
                          isOpen={isOpen}
                          onToggle={() => setOpen(isOpen ? null : variable)}
                        />
                      )}
                    </Table.ColumnHeader>
                    <Table.Cell textAlign="end">{show(values.nulls)[0]}</Table.Cell>
                    {show(values.min, values.max, values.mean).map((value, number) => (
                      <Table.Cell key={number} textAlign="end">
                        {value}
                      </Table.Cell>
                    ))}
                    <Shapes values={values} deployed={before.get(variable)} compared={compared} />
                    <Table.Cell {...LONG}>
                      {Object.entries(values.frequencies ?? {})
                        .sort(([, mine], [, theirs]) => theirs - mine)
                        .slice(0, MOST_FREQUENT)
                        .map(([name, count]) => `${name} (${formats.number(count)})`)
                        .join(", ")}
                    </Table.Cell>
                    {compared && <Table.Cell>{said(drift)}</Table.Cell>}
                  </Table.Row>
                  {isOpen && (
                    <Table.Row>
                      <Table.Cell colSpan={compared ? 9 : 7}>
                        <Numbers variable={variable} counts={counts} compared={compared} />
                      </Table.Cell>
                    </Table.Row>
                  )}
                </Fragment>
              );
            })}
          </Table.Body>
        </Table.Root>
      </Box>
      <Text color="fg.muted" marginTop={2}>
        {texts.aboutNumbers}
        {compared && ` ${texts.aboutDrift}`}
      </Text>
    </Section>
  );
};

type Values = ColumnStatistics["values"];

/** The distribution of a column, after that of the deployed run. */
const Shapes: FC<{ values: Values; deployed: Values | undefined; compared: boolean }> = (props) => {
  const { values, deployed, compared } = props;
  const [now, before] = deployed === undefined ? [barsOf(values), []] : comparedBars(values, deployed);
  return (
    <>
      {compared && (
        <Table.Cell>
          <Distribution bars={before} />
        </Table.Cell>
      )}
      <Table.Cell>
        <Distribution bars={now} />
      </Table.Cell>
    </>
  );
};

type NumbersProps = { variable: string; counts: Counts[]; compared: boolean };

/** The bins of a column as numbers. Where those of the sides differ, each side has a table. */
const Numbers: FC<NumbersProps> = ({ variable, counts, compared }) => {
  const { drift, statistics: texts } = useTexts();
  return (
    <HStack gap={8} paddingY={2} align="flex-start" wrap="wrap">
      {counts.map(({ of, bins }) => {
        const now = of === "deployed" ? texts.deployed : compared ? texts.now : texts.distribution;
        const label = drift.distributionOf(variable);
        const isHalved = of === "both" && bins.some(({ bin }) => bin === "rare or new");
        return (
          <Bins
            key={of}
            bins={bins}
            label={counts.length > 1 ? `${label}: ${now}` : label}
            {...(of === "both" ? { before: texts.deployed } : {})}
            now={now}
            {...(isHalved ? { about: texts.aboutHalves } : {})}
            left={texts.moreBins}
          />
        );
      })}
    </HStack>
  );
};
