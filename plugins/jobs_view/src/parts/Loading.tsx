import { Spinner } from "@chakra-ui/react";
import type { FC } from "react";

import { useTexts } from "../texts/language";

/** A spinner. */
export const Loading: FC = () => {
  const texts = useTexts();
  return <Spinner role="status" aria-label={texts.loading} />;
};
