import { Box, HStack } from "@chakra-ui/react";
import type { FC } from "react";
import { NavLink } from "react-router-dom";

import { pageAddress } from "../addresses";
import { useTexts } from "../texts/language";

const PAGES = ["jobs", "models", "features", "deployments", "production", "analysis"] as const;

/** From one page of the view to another. */
export const Navigation: FC = () => {
  const texts = useTexts();
  return (
    <HStack as="nav" aria-label="ModelOps" gap={5} borderBottomWidth={1} marginBottom={4} overflowX="auto">
      {PAGES.map((page) => (
        <NavLink key={page} to={pageAddress(page)} end={page === "jobs"}>
          {({ isActive }) => (
            <Box
              paddingY={2}
              whiteSpace="nowrap"
              fontWeight={isActive ? "semibold" : "normal"}
              color={isActive ? "fg" : "fg.muted"}
              borderBottomWidth={2}
              borderColor={isActive ? "brand.solid" : "transparent"}
            >
              {texts.pages[page]}
            </Box>
          )}
        </NavLink>
      ))}
    </HStack>
  );
};
