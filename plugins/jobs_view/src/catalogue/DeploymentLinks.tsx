import { HStack, Text } from "@chakra-ui/react";
import type { FC, ReactNode } from "react";

import {
  alertsAddress,
  deploymentAddress,
  driftAddress,
  intervalsAddress,
  pageAddress,
  performanceAddress,
} from "../addresses";
import type { VersionKind } from "../api/client";
import { RouterLink } from "../parts/RouterLink";
import { useTexts } from "../texts/language";

export type DeploymentPage = "overview" | "intervals" | "drift" | "performance" | "alerts";

type Props = { deployment: number; kind: VersionKind; current: DeploymentPage; children?: ReactNode };

const ADDRESSES: Record<DeploymentPage, (deployment: number) => string> = {
  overview: deploymentAddress,
  intervals: intervalsAddress,
  drift: driftAddress,
  performance: performanceAddress,
  alerts: alertsAddress,
};

/** The pages that a deployment has; only models have a performance. */
export const pagesOf = (kind: VersionKind): DeploymentPage[] =>
  (Object.keys(ADDRESSES) as DeploymentPage[]).filter((page) => kind === "model" || page !== "performance");

export const LinkToPage: FC<{ deployment: number; page: DeploymentPage }> = ({ deployment, page }) => {
  const texts = useTexts();
  return <RouterLink to={ADDRESSES[page](deployment)}>{titlesOf(texts)[page]}</RouterLink>;
};

/** Links to the pages of a deployment and to the list of deployments; the children come before the latter. */
export const DeploymentLinks: FC<Props> = ({ deployment, kind, current, children }) => {
  const texts = useTexts();
  return (
    <HStack gap={4} flexWrap="wrap">
      {pagesOf(kind).map((page) =>
        page === current ? (
          <Text key={page} aria-current="page" fontWeight="medium">
            {titlesOf(texts)[page]}
          </Text>
        ) : (
          <LinkToPage key={page} deployment={deployment} page={page} />
        ),
      )}
      {children}
      <RouterLink to={pageAddress("deployments")}>{texts.intervals.all}</RouterLink>
    </HStack>
  );
};

const titlesOf = (texts: ReturnType<typeof useTexts>): Record<DeploymentPage, string> => ({
  overview: texts.deployment.overview,
  intervals: texts.intervals.title,
  drift: texts.tabs.drift,
  performance: texts.performance.title,
  alerts: texts.alerts.title,
});
