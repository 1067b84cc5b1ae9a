import { Text } from "@chakra-ui/react";
import type { FC } from "react";

import type { Alert } from "../api/client";
import { useFormats, useTexts } from "../texts/language";

const DIGITS = 4;

/** What an alert is about, from what to what: a line for each column, or of a metric. */
export const Changes: FC<{ changes: Alert["found"] }> = ({ changes }) => {
  const { alerts, drift, performance, statistics } = useTexts();
  const formats = useFormats();
  const short = (value: number | null | undefined, digits: number) =>
    value === null || value === undefined ? "–" : formats.number(Number(value.toPrecision(digits)));
  const said = (change: Alert["found"][number]): string => {
    const { metric, target, variable, verdict, psi, shift, bin, before, now, lower, upper } = change;
    if (typeof metric === "string") {
      const interval =
        typeof lower === "number" ? ` [${performance.interval(short(lower, DIGITS), short(upper, DIGITS))}]` : "";
      return alerts.change(
        performance.metric(metric, target ?? null),
        `${short(before, DIGITS)} → ${short(now, DIGITS)}${interval}`,
      );
    }
    const level = statistics.verdicts[verdict ?? ""] ?? String(verdict);
    const shares =
      typeof bin === "string" ? `; ${drift.bin(bin)} (${formats.share(before ?? 0)} → ${formats.share(now ?? 0)})` : "";
    return alerts.change(variable ?? "", `${level}, ${statistics.shift(short(psi, 2), short(shift, 2))}${shares}`);
  };
  return changes.map((change) => (
    <Text key={`${change.role ?? ""} ${change.variable ?? change.metric ?? ""}`} overflowWrap="anywhere">
      {said(change)}
    </Text>
  ));
};
