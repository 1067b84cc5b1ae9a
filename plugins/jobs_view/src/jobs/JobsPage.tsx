import { Button, Flex, Heading, HStack, Stack } from "@chakra-ui/react";
import type { FC } from "react";
import { useLocation, useNavigate } from "react-router-dom";

import { listAddress } from "../addresses";
import { useNow } from "../parts/useNow";
import { useFormats, useTexts } from "../texts/language";
import { FilterBar } from "./FilterBar";
import { isEmpty, searchOf, jobFilterOf } from "./filters";
import { Found } from "./Found";
import { useJobs } from "./queries";
import { TypeList } from "./TypeList";
import { useFilters } from "./useFilters";

const ON_A_PAGE = 50;

/** All jobs, by type, with filters; the newest come first. */
export const JobsPage: FC = () => {
  const texts = useTexts();
  const formats = useFormats();
  const [filters, change] = useFilters();
  const wanted = jobFilterOf(filters, ON_A_PAGE, useNow(), (wall) => formats.instant(wall));
  const query = useJobs(wanted);
  return (
    <Stack gap={3}>
      <Heading size="xl">{texts.jobs}</Heading>
      <Flex direction={{ base: "column", lg: "row" }} gap={6} align="flex-start">
        <TypeList filters={filters} change={change} />
        <Stack flex={1} minWidth={0} width="100%" gap={3}>
          <FilterBar filters={filters} change={change} />
          <Found query={query} none={isEmpty(filters) ? texts.noJobs : texts.noneFit} />
          <Pager after={filters.after} next={query.data?.after ?? null} filters={searchOf({ ...filters, after: "" })} />
        </Stack>
      </Flex>
    </Stack>
  );
};

type PagerProps = { after: string; next: string | null; filters: URLSearchParams };

/** Links to the next and previous page. The previous page is in the browser's history; without one, the link leads to the first page. */
const Pager: FC<PagerProps> = ({ after, next, filters }) => {
  const texts = useTexts();
  const navigate = useNavigate();
  const cameHere = (useLocation().state as { paged?: boolean } | null)?.paged === true;
  const toNext = () => {
    const search = new URLSearchParams(filters);
    search.set("after", next ?? "");
    return navigate(listAddress(search), { state: { paged: true } });
  };
  return (
    <HStack justify="flex-end" hidden={after === "" && next === null}>
      <Button size="sm" variant="outline" disabled={after === ""} onClick={() => void navigate(listAddress(filters))}>
        {texts.firstPage}
      </Button>
      <Button size="sm" variant="outline" disabled={!cameHere || after === ""} onClick={() => void navigate(-1)}>
        {texts.previousPage}
      </Button>
      <Button size="sm" variant="outline" disabled={next === null} onClick={() => void toNext()}>
        {texts.nextPage}
      </Button>
    </HStack>
  );
};
