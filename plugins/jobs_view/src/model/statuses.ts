/** The colours of the statuses of versions. */
import type { VersionStatus } from "../api/client";

export const VERSION_PALETTES: Record<VersionStatus, string> = {
  created: "running",
  imported: "gray",
  trained: "gray",
  evaluated: "gray",
  tested: "gray",
  approved: "blue",
  rejected: "failed",
  deployed: "success",
  retired: "gray",
  failed: "failed",
};
