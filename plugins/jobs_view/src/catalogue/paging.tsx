import { Button, HStack, Text } from "@chakra-ui/react";
import type { FC } from "react";
import { useNavigate } from "react-router-dom";

import { type Page, pageAddress } from "../addresses";
import { RouterLink } from "../parts/RouterLink";
import { useTexts } from "../texts/language";

/** Says that the page is about one model, and leads back to all. */
export const OnlyModel: FC<{ model: string; page: Page }> = ({ model, page }) => {
  const own = useTexts().catalogue;
  return model === "" ? null : (
    <HStack gap={3}>
      <Text>{own.allOf(model)}</Text>
      <RouterLink to={pageAddress(page)}>{own.all}</RouterLink>
    </HStack>
  );
};

/** `kept`: the other parameters of the address; the empty ones are left out. */
type OlderProps = { page: Page; kept: Record<string, string>; after: string; next: number | null };

/** To the first page and to what is older. */
export const Older: FC<OlderProps> = ({ page, kept: wanted, after, next }) => {
  const texts = useTexts();
  const navigate = useNavigate();
  const kept = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ""));
  return after === "" && next === null ? null : (
    <HStack justify="flex-end">
      <Button
        size="sm"
        variant="outline"
        disabled={after === ""}
        onClick={() => void navigate(pageAddress(page, kept))}
      >
        {texts.firstPage}
      </Button>
      <Button
        size="sm"
        variant="outline"
        disabled={next === null}
        onClick={() => void navigate(pageAddress(page, { ...kept, after: String(next) }))}
      >
        {texts.nextPage}
      </Button>
    </HStack>
  );
};
