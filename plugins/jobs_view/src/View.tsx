import { Box } from "@chakra-ui/react";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { FC } from "react";
import { useParams, useSearchParams } from "react-router-dom";

import { AnalysisPage } from "./analysis/AnalysisPage";
import { isWorthAnotherTry, type VersionKind } from "./api/client";
import { AlertsPage } from "./catalogue/AlertsPage";
import { DeploymentPage } from "./catalogue/DeploymentPage";
import { DeploymentsPage } from "./catalogue/DeploymentsPage";
import { DriftPage } from "./catalogue/DriftPage";
import { IntervalsPage } from "./catalogue/IntervalsPage";
import { PerformancePage } from "./catalogue/PerformancePage";
import { ProductionPage } from "./catalogue/ProductionPage";
import { DecisionsPage } from "./decisions/DecisionsPage";
import { JobPage } from "./job/JobPage";
import { JobOfTask } from "./job/JobOfTask";
import { JobsOfRun } from "./jobs/JobsOfRun";
import { JobsPage } from "./jobs/JobsPage";
import { ModelPage } from "./model/ModelPage";
import { ModelsPage } from "./model/ModelsPage";
import { Guard } from "./parts/Guard";
import { Navigation } from "./parts/Navigation";
import { LanguageProvider } from "./texts/language";

/** What Airflow tells the page of a plugin: on the page of a DAG run or task instance, which one it is. */
type Props = { dagId?: string; runId?: string; taskId?: string; mapIndex?: string };

/** Airflow mounts the page anew whenever the path changes; what was read before is kept here. */
const known = new QueryClient({
  defaultOptions: {
    queries: { retry: (failures, error) => failures < 2 && isWorthAnotherTry(error), staleTime: 1000 },
  },
});

export const View: FC<Props> = (props) => (
  <QueryClientProvider client={known}>
    <LanguageProvider>
      <Box data-modelops="" padding={props.runId === undefined ? 2 : 0} width="100%">
        <Guard>
          <Page {...props} />
        </Guard>
      </Box>
    </LanguageProvider>
  </QueryClientProvider>
);

const Page: FC<Props> = ({ dagId, runId, taskId, mapIndex }) => {
  const [page, id, part] = (useParams()["*"] ?? "").split("/");
  if (dagId !== undefined && runId !== undefined) {
    return taskId === undefined ? (
      <JobsOfRun dagId={dagId} runId={runId} />
    ) : (
      <JobOfTask dagId={dagId} runId={runId} taskId={taskId} mapIndex={Number(mapIndex ?? -1)} />
    );
  }
  if (page === "jobs" && id !== undefined) {
    return <JobPage id={id} />;
  }
  return (
    <>
      <Navigation />
      {page === "models" || page === "features" ? (
        <Models kind={page === "models" ? "model" : "feature_task"} repository={id} name={part} />
      ) : page === "waiting" ? (
        <DecisionsPage />
      ) : page === "deployments" ? (
        id === undefined ? (
          <DeploymentsPage />
        ) : part === "performance" ? (
          <PerformancePage deployment={id} />
        ) : part === "drift" ? (
          <DriftPage deployment={id} />
        ) : part === "alerts" ? (
          <AlertsPage deployment={id} />
        ) : part === "intervals" ? (
          <IntervalsPage deployment={id} />
        ) : (
          <DeploymentPage deployment={id} />
        )
      ) : page === "production" ? (
        <ProductionPage />
      ) : page === "analysis" ? (
        <AnalysisPage />
      ) : (
        <JobsPage />
      )}
    </>
  );
};

type ModelsProps = { kind: VersionKind; repository: string | undefined; name: string | undefined };

/** One model, or all. Addresses of earlier releases have it as a parameter. */
const Models: FC<ModelsProps> = ({ kind, repository, name }) => {
  const [search] = useSearchParams();
  const model = repository === undefined || name === undefined ? search.get("model") : `${repository}/${name}`;
  return model === null ? <ModelsPage kind={kind} /> : <ModelPage key={`${kind} ${model}`} kind={kind} model={model} />;
};
