import { Field, HStack, NativeSelect, Stack } from "@chakra-ui/react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FC, useMemo } from "react";
import { useSearchParams } from "react-router-dom";

import { type Analysis, getAnalysis, type JobType, type Unit } from "../api/client";
import { Answer } from "../parts/Answer";
import { Freshness } from "../parts/Freshness";
import { Notice } from "../parts/Problem";
import { useNow } from "../parts/useNow";
import { useFormats, useTexts } from "../texts/language";
import { OneType } from "./OneType";
import { type Span, SPAN_NAMES, spanOf, USUAL } from "./spans";
import { Summary } from "./Summary";

/** A long time is not summed up so often: it takes the server longer, and changes less. */
const SECONDS: Record<Unit, number> = { hour: 30, day: 30, week: 300, month: 300 };
const MINUTE_MS = 60_000;

/** How the jobs of each type fared over time, and those of one type in detail. */
export const AnalysisPage: FC = () => {
  const formats = useFormats();
  const own = useTexts().analysis;
  const [search, setSearch] = useSearchParams();
  const name = SPAN_NAMES.find((each) => each === search.get("within")) ?? USUAL;
  const minute = Math.floor(useNow() / MINUTE_MS);
  const span = useMemo(() => spanOf(name, minute * MINUTE_MS, formats), [name, minute, formats]);
  const query = useQuery({
    queryKey: ["analysis", span.unit, span.from, span.before, formats.timeZone],
    // With its span: while another one is on its way, what is shown must fit together.
    queryFn: async ({ signal }) => ({ span, analysis: await getAnalysis(span, formats.timeZone, signal) }),
    placeholderData: keepPreviousData,
    refetchInterval: SECONDS[span.unit] * 1000,
  });
  const choose = (changes: Record<string, string>) =>
    setSearch({ ...Object.fromEntries(search), ...changes }, { replace: true });
  return (
    <Stack gap={5}>
      <HStack>
        <Field.Root width="auto">
          <Field.Label fontSize="xs" color="fg.muted">
            {own.created}
          </Field.Label>
          <NativeSelect.Root size="sm">
            <NativeSelect.Field value={name} onChange={(event) => choose({ within: event.currentTarget.value })}>
              {SPAN_NAMES.map((each) => (
                <option key={each} value={each}>
                  {own.spans[each]}
                </option>
              ))}
            </NativeSelect.Field>
            <NativeSelect.Indicator />
          </NativeSelect.Root>
        </Field.Root>
      </HStack>
      <Answer query={query}>
        {({ analysis, span: shown }) => (
          <>
            <Freshness upTo={analysis.known_up_to} behind={analysis.behind} />
            <Found
              analysis={analysis}
              span={shown}
              chosen={search.get("type") as JobType | null}
              choose={(type) => choose({ type })}
            />
          </>
        )}
      </Answer>
    </Stack>
  );
};

type FoundProps = { analysis: Analysis; span: Span; chosen: JobType | null; choose: (type: JobType) => void };

const Found: FC<FoundProps> = ({ analysis: { types }, span, chosen, choose }) => {
  const own = useTexts().analysis;
  const shown = types.find(({ type }) => type === chosen) ?? types[0];
  return shown === undefined ? (
    <Notice text={own.none} />
  ) : (
    <>
      <Summary types={types} chosen={shown.type} choose={choose} />
      <OneType key={shown.type} analysis={shown} span={span} />
    </>
  );
};
