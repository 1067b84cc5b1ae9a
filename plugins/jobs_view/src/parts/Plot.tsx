import { Box, Text } from "@chakra-ui/react";
import type { FC, ReactNode } from "react";

import type { Area } from "../job/curves";

const SIZE = 320;
const WIDTH = "20rem";
/** Where curves are drawn: below and left of it are the axes. */
export const AREA: Area = { left: 46, top: 10, width: 262, height: 250 };
/** As a style, since the page sets the size of all elements. */
const LETTERS = { fontSize: "11px" };
const BOTTOM = AREA.top + AREA.height;

/** `anchor`: which end of the text is at the place; the middle if it is left out. */
export type Tick = { place: number; text: string; anchor?: "start" | "end" };
type Props = {
  title: string;
  /** What the plot shows and what its lines mean, for everybody. */
  about: string;
  across: { label: string; ticks: Tick[] };
  up: { label: string; ticks: Tick[] };
  /** What "as numbers" is in the reader's language. */
  numbers: string;
  /** The same as a table, for whoever can't see the plot or wants the figures. */
  table: ReactNode;
  children: ReactNode;
};

/** A plot with axes, in the colours of the page, and the same figures as a table that opens below it. */
export const Plot: FC<Props> = ({ title, about, across, up, numbers, table, children }) => (
  <Box as="figure" width={WIDTH} maxWidth="100%">
    <Text as="figcaption" fontWeight="semibold" fontSize="sm">
      {title}
    </Text>
    <Box color="fg.info" width="100%">
      <svg
        viewBox={`0 0 ${String(SIZE)} ${String(SIZE - 10)}`}
        width="100%"
        role="img"
        aria-label={`${title}. ${about}`}
      >
        <g stroke="var(--chakra-colors-border)" strokeWidth={1}>
          {across.ticks.map(({ place }) => (
            <line key={place} x1={place} x2={place} y1={AREA.top} y2={BOTTOM} />
          ))}
          {up.ticks.map(({ place }) => (
            <line key={place} x1={AREA.left} x2={AREA.left + AREA.width} y1={place} y2={place} />
          ))}
        </g>
        <g fill="var(--chakra-colors-fg-muted)">
          {across.ticks.map(({ place, text, anchor }) => (
            <text key={place} x={place} y={BOTTOM + 15} textAnchor={anchor ?? "middle"} style={LETTERS}>
              {text}
            </text>
          ))}
          {up.ticks.map(({ place, text }) => (
            <text key={place} x={AREA.left - 5} y={place + 4} textAnchor="end" style={LETTERS}>
              {text}
            </text>
          ))}
          <text x={AREA.left + AREA.width / 2} y={BOTTOM + 34} textAnchor="middle" style={LETTERS}>
            {across.label}
          </text>
          <text
            x={10}
            y={AREA.top + AREA.height / 2}
            textAnchor="middle"
            style={LETTERS}
            transform={`rotate(-90 10 ${String(AREA.top + AREA.height / 2)})`}
          >
            {up.label}
          </text>
        </g>
        {children}
      </svg>
    </Box>
    <Text color="fg.muted" fontSize="sm">
      {about}
    </Text>
    <details>
      <Box as="summary" cursor="pointer" fontSize="sm">
        {numbers}
      </Box>
      <Box maxHeight="16rem" overflow="auto" tabIndex={0} role="region" aria-label={`${title}: ${numbers}`}>
        {table}
      </Box>
    </details>
  </Box>
);

/** A line that is a comparison, not data. */
export const DASHED = {
  stroke: "var(--chakra-colors-fg)",
  strokeWidth: 1.5,
  strokeDasharray: "5 4",
  fill: "none",
};
