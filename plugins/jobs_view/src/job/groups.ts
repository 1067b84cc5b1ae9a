/** Groups in a log, which programs print around lines that few readers need. They are folded until someone opens them. */
import type { Line } from "./log.ts";

/** A visible line. The first line of a group has the number of the group, whether it is open, and its number of lines. */
export type Row = { line: Line; group: { number: number; isOpen: boolean; size: number } | null; isInside: boolean };

type Group = { number: number; head: Line; lines: Line[] };

/** The visible lines of a log. A group is open if it has an error, unless it is the traceback of one, as its title says; the
groups in `toggled` are the other way round. A group without lines isn't shown.

A group is numbered by the position of its first line, which stays the same while the log grows. It ends at the next
end of a group, at the beginning of another one, or with the log.
*/
export const folded = (lines: Line[], toggled: ReadonlySet<number>): Row[] => {
  const rows: Row[] = [];
  let group: Group | null = null;
  const close = (): void => {
    if (group !== null && group.lines.length > 0) {
      const matters = group.head.level !== "error" && group.lines.some(({ level }) => level === "error");
      const isOpen = matters !== toggled.has(group.number);
      rows.push({
        line: group.head,
        group: { number: group.number, isOpen, size: group.lines.length },
        isInside: false,
      });
      rows.push(...(isOpen ? group.lines : []).map((line) => ({ line, group: null, isInside: true })));
    }
    group = null;
  };
  lines.forEach((line, number) => {
    if (line.mark !== undefined) {
      close();
      group = line.mark === "begin" ? { number, head: line, lines: [] } : null;
    } else if (group !== null) {
      group.lines.push(line);
    } else {
      rows.push({ line, group: null, isInside: false });
    }
  });
  close();
  return rows;
};

/** Lines that were searched for, whatever groups they are in. */
export const unfolded = (lines: Line[]): Row[] => lines.map((line) => ({ line, group: null, isInside: false }));

/** The set with a number that it lacks, or without one that it has. */
export const withOrWithout = (numbers: ReadonlySet<number>, number: number): ReadonlySet<number> => {
  const changed = new Set(numbers);
  if (!changed.delete(number)) {
    changed.add(number);
  }
  return changed;
};
