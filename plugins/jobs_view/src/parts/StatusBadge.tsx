import { Badge } from "@chakra-ui/react";
import type { FC } from "react";

import type { JobStatus } from "../api/client";
import { useTexts } from "../texts/language";
import { PALETTES } from "./statuses";

export const StatusBadge: FC<{ status: JobStatus }> = ({ status }) => {
  const texts = useTexts();
  return (
    <Badge data-status={status} colorPalette={PALETTES[status]} variant="surface" whiteSpace="nowrap">
      {texts.statuses[status]}
    </Badge>
  );
};
