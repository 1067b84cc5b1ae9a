import { Text } from "@chakra-ui/react";
import type { FC } from "react";

import { useFormats } from "../texts/language";
import { useNow } from "./useNow";

/** A time relative to now; the tooltip and the `datetime` attribute have the absolute time. */
export const Moment: FC<{ at: string }> = ({ at }) => {
  const formats = useFormats();
  const now = useNow();
  return (
    <Text as="span" title={formats.moment(at)} whiteSpace="nowrap">
      <time dateTime={at}>{formats.ago(at, now)}</time>
    </Text>
  );
};
