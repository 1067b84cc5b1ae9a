import { Button, createListCollection, HStack, Input, NativeSelect, Portal, Select } from "@chakra-ui/react";
import { type FC, useMemo, useState } from "react";

import type { JobStatus } from "../api/client";
import { Labelled, TextFilter } from "../parts/Fields";
import { useTexts } from "../texts/language";
import { type Filters, isEmpty, NOTHING, PERIODS, SHORTEST_SEARCH } from "./filters";

const CHOSEN = "chosen";

type Props = { filters: Filters; change: (change: Partial<Filters>) => void };

/** The filters besides the type, which TypeList has. */
export const FilterBar: FC<Props> = ({ filters, change }) => {
  const texts = useTexts();
  const [wantsTimes, setWantsTimes] = useState(false);
  // A new key resets the fields when all filters are cleared, including text that was just typed.
  const [cleared, setCleared] = useState(0);
  const clear = () => {
    setCleared((times) => times + 1);
    setWantsTimes(false);
    change(NOTHING);
  };
  const showsTimes = filters.within === "" && (wantsTimes || filters.from !== "" || filters.before !== "");
  const choosePeriod = (value: string) => {
    setWantsTimes(value === CHOSEN);
    change({ within: value === CHOSEN ? "" : (value as Filters["within"]), from: "", before: "" });
  };
  return (
    <HStack key={cleared} as="search" aria-label={texts.filters} gap={3} wrap="wrap" align="flex-end">
      <TextFilter
        label={texts.search}
        value={filters.search}
        set={(search) => change({ search })}
        hint={texts.atLeast(SHORTEST_SEARCH)}
      />
      <TextFilter label={texts.modelOrVersion} value={filters.subject} set={(subject) => change({ subject })} />
      <StatusFilter chosen={filters.statuses} choose={(statuses) => change({ statuses })} />
      <TextFilter label={texts.askedBy} value={filters.person} set={(person) => change({ person })} />
      <Labelled label={texts.period}>
        <NativeSelect.Root size="sm">
          <NativeSelect.Field
            value={showsTimes ? CHOSEN : filters.within}
            onChange={(event) => choosePeriod(event.currentTarget.value)}
          >
            <option value="">{texts.anyTime}</option>
            {PERIODS.map((period) => (
              <option key={period} value={period}>
                {texts.periods[period]}
              </option>
            ))}
            <option value={CHOSEN}>{texts.chosenPeriod}</option>
          </NativeSelect.Field>
          <NativeSelect.Indicator />
        </NativeSelect.Root>
      </Labelled>
      {showsTimes && (
        <>
          <TimeFilter label={texts.from} value={filters.from} set={(from) => change({ from })} />
          <TimeFilter label={texts.before} value={filters.before} set={(before) => change({ before })} />
        </>
      )}
      <Button size="sm" variant="ghost" disabled={isEmpty(filters)} onClick={clear}>
        {texts.clear}
      </Button>
    </HStack>
  );
};

const TimeFilter: FC<{ label: string; value: string; set: (value: string) => void }> = ({ label, value, set }) => (
  <Labelled label={label}>
    <Input size="sm" type="datetime-local" value={value} onChange={(event) => set(event.currentTarget.value)} />
  </Labelled>
);

const StatusFilter: FC<{ chosen: JobStatus[]; choose: (statuses: JobStatus[]) => void }> = ({ chosen, choose }) => {
  const texts = useTexts();
  const collection = useMemo(
    () => createListCollection({ items: Object.entries(texts.statuses).map(([value, label]) => ({ value, label })) }),
    [texts],
  );
  return (
    <Select.Root
      multiple
      size="sm"
      width="11rem"
      collection={collection}
      value={chosen}
      onValueChange={(details) => choose(details.value as JobStatus[])}
    >
      <Select.Label fontSize="xs" color="fg.muted">
        {texts.status}
      </Select.Label>
      <Select.Control>
        <Select.Trigger>
          <Select.ValueText placeholder={texts.anyStatus} color="fg">
            {chosen.length > 1 ? texts.statusesChosen(chosen.length) : undefined}
          </Select.ValueText>
        </Select.Trigger>
        <Select.IndicatorGroup>
          <Select.Indicator />
        </Select.IndicatorGroup>
      </Select.Control>
      <Portal>
        <Select.Positioner>
          <Select.Content>
            {collection.items.map((item) => (
              <Select.Item key={item.value} item={item}>
                {item.label}
                <Select.ItemIndicator />
              </Select.Item>
            ))}
          </Select.Content>
        </Select.Positioner>
      </Portal>
    </Select.Root>
  );
};
