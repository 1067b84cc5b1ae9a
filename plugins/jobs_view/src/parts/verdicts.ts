/** The colours of the verdicts of a drift check. A verdict is never told by its colour alone. */
import type { DriftCheck } from "../api/client";

type Verdict = DriftCheck["columns"][number]["verdict"];

const PALETTES: Partial<Record<Verdict, string>> = {
  stable: "green",
  moved: "yellow",
  moderate: "orange",
  major: "red",
};

export const paletteOf = (verdict: Verdict): string => PALETTES[verdict] ?? "gray";
