import { Alert, Button } from "@chakra-ui/react";
import type { FC } from "react";

import { useTexts } from "../texts/language";
import { sentence } from "./failures";

/** The error of a request, with a sentence on what to do. */
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

/** A message that is neither a result nor an error. */
export const Notice: FC<{ text: string; status?: "info" | "warning" | "error" }> = ({ text, status = "info" }) => (
  <Alert.Root role="status" status={status} marginY={2}>
    <Alert.Indicator />
    <Alert.Content>
      <Alert.Description>{text}</Alert.Description>
    </Alert.Content>
  </Alert.Root>
);
