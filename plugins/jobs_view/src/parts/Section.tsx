import { Box, Heading } from "@chakra-ui/react";
import type { FC, ReactNode } from "react";

/** A part of a page under its heading. */
export const Section: FC<{ title: string; children: ReactNode }> = ({ title, children }) => (
  <Box as="section">
    <Heading as="h3" size="md" marginBottom={2}>
      {title}
    </Heading>
    {children}
  </Box>
);
