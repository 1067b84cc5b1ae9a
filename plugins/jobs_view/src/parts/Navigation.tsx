import { Badge, Box, HStack } from "@chakra-ui/react";
import { useQuery } from "@tanstack/react-query";
import type { FC } from "react";
import { NavLink } from "react-router-dom";

import { pageAddress } from "../addresses";
import { countDecisions } from "../api/client";
import { useTexts } from "../texts/language";

const SECONDS = 15;
const PAGES = ["jobs", "waiting", "models", "features", "deployments", "production", "analysis"] as const;

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
              {page === "waiting" && <Waiting />}
            </Box>
          )}
        </NavLink>
      ))}
    </HStack>
  );
};

/** The number of decisions that the person may take now. */
const Waiting: FC = () => {
  const texts = useTexts();
  const { data } = useQuery({
    queryKey: ["decisions", "count"],
    queryFn: ({ signal }) => countDecisions(signal),
    refetchInterval: SECONDS * 1000,
  });
  if (data === undefined || data.number === 0) return null;
  const number = texts.counted(String(data.number), data.more);
  return (
    <Badge
      marginStart={2}
      colorPalette="brand"
      variant="solid"
      title={texts.decisions.counted(number)}
      aria-label={texts.decisions.counted(number)}
    >
      {number}
    </Badge>
  );
};
