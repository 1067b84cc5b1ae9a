import { Button, CloseButton, Dialog, Portal, Stack, Text } from "@chakra-ui/react";
import type { FC, ReactNode } from "react";

import { useTexts } from "../texts/language";
import { refusal } from "./failures";
import { Notice } from "./Problem";

type Props = {
  title: string;
  consequence: string;
  label: string;
  palette: string;
  close: () => void;
  request: { mutate: () => void; isPending: boolean; error: Error | null };
  disabled?: boolean;
  children?: ReactNode;
};

/** A dialog that shows the consequence of an action and asks for confirmation. */
export const Confirm: FC<Props> = ({ title, consequence, label, palette, close, request, disabled, children }) => {
  const texts = useTexts();
  return (
    <Dialog.Root open onOpenChange={(details) => !details.open && close()} role="alertdialog">
      <Portal>
        <Dialog.Backdrop />
        <Dialog.Positioner>
          <Dialog.Content data-modelops="">
            <Dialog.Header>
              <Dialog.Title>{title}</Dialog.Title>
            </Dialog.Header>
            <Dialog.Body>
              <Stack gap={3}>
                <Text>{consequence}</Text>
                {children}
                {request.error !== null && <Notice status="error" text={refusal(request.error, texts)} />}
              </Stack>
            </Dialog.Body>
            <Dialog.Footer>
              <Button variant="outline" onClick={close}>
                {texts.cancel}
              </Button>
              <Button
                colorPalette={palette}
                loading={request.isPending}
                loadingText={label}
                disabled={disabled}
                onClick={() => request.mutate()}
              >
                {label}
              </Button>
            </Dialog.Footer>
            <Dialog.CloseTrigger asChild>
              <CloseButton size="sm" aria-label={texts.cancel} />
            </Dialog.CloseTrigger>
          </Dialog.Content>
        </Dialog.Positioner>
      </Portal>
    </Dialog.Root>
  );
};
