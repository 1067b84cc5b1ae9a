import { Text } from "@chakra-ui/react";
import type { FC } from "react";

import { useFormats } from "../texts/language";
import { useNow } from "./useNow";

/** When something was, as a distance; the time itself shows under the pointer, and in the address of the element. */
export const Moment: FC<{ at: string }> = ({ at }) => {
  const formats = useFormats();
  const now = useNow();
  return (
    <Text as="span" title={formats.moment(at)} whiteSpace="nowrap">
      <time dateTime={at}>{formats.ago(at, now)}</time>
    </Text>
  );
};
