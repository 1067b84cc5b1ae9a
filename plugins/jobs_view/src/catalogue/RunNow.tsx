import { Button, Stack, Text } from "@chakra-ui/react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FC, useState } from "react";

import { runAddress } from "../addresses";
import { type Deployment, runDeployment } from "../api/client";
import { Confirm } from "../parts/Confirm";
import { RouterLink } from "../parts/RouterLink";
import { useTexts } from "../texts/language";

/** Make a batch of a deployment now, also of one that has never run. */
export const RunNow: FC<{ deployment: Deployment }> = ({ deployment }) => {
  const texts = useTexts();
  const known = useQueryClient();
  const [asking, setAsking] = useState(false);
  const request = useMutation({
    mutationFn: () => runDeployment(deployment.id),
    onSuccess: async () => {
      setAsking(false);
      await known.invalidateQueries();
    },
  });
  const label = texts.actions.run_now;
  return (
    <Stack gap={1} align="flex-start">
      <Button size="xs" variant="outline" colorPalette="brand" onClick={() => setAsking(true)}>
        {label}
      </Button>
      {request.data !== undefined && (
        <Text fontSize="sm" role="status">
          {texts.taken(label)}{" "}
          <RouterLink to={runAddress({ dag_id: `deployment_${String(deployment.id)}`, run_id: request.data.run_id })}>
            {texts.dagRun}
          </RouterLink>
        </Text>
      )}
      {asking && (
        <Confirm
          title={texts.question(label, `${deployment.model} v${String(deployment.version)} → ${deployment.target}`)}
          consequence={texts.catalogue.runsNow}
          label={label}
          palette="brand"
          close={() => setAsking(false)}
          request={request}
        />
      )}
    </Stack>
  );
};
