import { Badge } from "@chakra-ui/react";
import type { FC } from "react";

import type { VersionStatus } from "../api/client";
import { useTexts } from "../texts/language";
import { VERSION_PALETTES } from "./statuses";

/** The status of a version. */
export const VersionBadge: FC<{ status: VersionStatus }> = ({ status }) => (
  <Badge colorPalette={VERSION_PALETTES[status]} variant="surface" whiteSpace="nowrap">
    {useTexts().versionStatuses[status]}
  </Badge>
);
