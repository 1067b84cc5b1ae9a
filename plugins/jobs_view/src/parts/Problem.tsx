import { Alert, Button } from "@chakra-ui/react";
import type { FC } from "react";

import { RequestFailed } from "../api/client";
import type { Texts } from "../texts/en";
import { useTexts } from "../texts/language";

export const sentence = (error: Error, texts: Texts): string => {
  const status = error instanceof RequestFailed ? error.status : 0;
  switch (status) {
    case 0:
      return texts.failures.unreachable;
    case 401:
      return texts.failures.signedOut;
    case 403:
      return texts.failures.forbidden;
    case 503:
      return texts.failures.ledger;
    default:
      return texts.failures.other(status, error.message);
  }
};

/** What went wrong with a request, as a sentence that says what to do. */
export const Problem: FC<{ error: Error; retry: () => unknown }> = ({ error, retry }) => {
  const texts = useTexts();
  return (
    <Alert.Root role="alert" status="error" marginY={2}>
      <Alert.Indicator />
      <Alert.Content>
        <Alert.Description>{sentence(error, texts)}</Alert.Description>
      </Alert.Content>
      <Button size="xs" variant="outline" onClick={() => void retry()}>
        {texts.retry}
      </Button>
    </Alert.Root>
  );
};

/** What the page has to say that is neither an answer nor a failure. */
export const Notice: FC<{ text: string; status?: "info" | "warning" | "error" }> = ({ text, status = "info" }) => (
  <Alert.Root role="status" status={status} marginY={2}>
    <Alert.Indicator />
    <Alert.Content>
      <Alert.Description>{text}</Alert.Description>
    </Alert.Content>
  </Alert.Root>
);
