import { Alert, Button } from "@chakra-ui/react";
import type { FC } from "react";

import { useTexts } from "../texts/language";
import { sentence } from "./failures";

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
