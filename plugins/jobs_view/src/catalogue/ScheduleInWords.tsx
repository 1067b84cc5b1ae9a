import { Stack, Text } from "@chakra-ui/react";
import type { FC } from "react";

import { cronInWords } from "../parts/cron";
import { useTexts } from "../texts/language";

type Props = { schedule: string; zone: string; paused: boolean; setBy?: string };

/** The schedule of a deployment: in words, as it is written, and who set it. */
export const ScheduleInWords: FC<Props> = ({ schedule, zone, paused, setBy }) => {
  const texts = useTexts();
  const words = cronInWords(schedule, texts.deployment.locale);
  return (
    <Stack gap={0} fontSize="sm" align="flex-start">
      {words !== null && <Text>{words}</Text>}
      <Text color={words === null ? undefined : "fg.muted"}>{texts.catalogue.scheduled(schedule, zone)}</Text>
      {paused && <Text fontWeight="medium">{texts.catalogue.paused}</Text>}
      {setBy !== undefined && <Text color="fg.muted">{texts.catalogue.setBy(setBy)}</Text>}
    </Stack>
  );
};
