import { Button } from "@chakra-ui/react";
import type { FC } from "react";

type Props = { name: string; isOpen: boolean; onToggle: () => void };

/** The name of a column, which opens and closes its distribution. */
export const ColumnToggle: FC<Props> = ({ name, isOpen, onToggle }) => (
  <Button
    variant="plain"
    size="sm"
    height="auto"
    padding={0}
    whiteSpace="normal"
    textAlign="start"
    aria-expanded={isOpen}
    onClick={onToggle}
  >
    <span aria-hidden>{isOpen ? "▾" : "▸"}</span>
    {name}
  </Button>
);
