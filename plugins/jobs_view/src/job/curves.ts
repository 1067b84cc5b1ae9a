/** Places of an evaluation's plots in a drawing of a given size, whose origin is at the top left. */

export type Area = { left: number; top: number; width: number; height: number };

/** Ticks of an axis from 0 to 1. */
export const TICKS = [0, 0.25, 0.5, 0.75, 1];

const short = (place: number): string => String(Math.round(place * 100) / 100);

/** The place of a point whose coordinates are from 0 to 1. */
export const placeOf = ({ left, top, width, height }: Area, [x = 0, y = 0]: number[]): [number, number] => [
  left + x * width,
  top + (1 - y) * height,
];

/** A line through points whose coordinates are from 0 to 1, as the path of an SVG. */
export const pathOf = (area: Area, points: number[][]): string =>
  points.map((point, place) => `${place === 0 ? "M" : "L"}${placeOf(area, point).map(short).join(" ")}`).join("");

export type Column = { x: number; y: number; width: number; height: number };

/** The columns of a histogram; the widths are those of the bins. */
export const columnsOf = ({ left, top, width, height }: Area, edges: number[], counts: number[]): Column[] => {
  const [first = 0, last = first + 1] = [edges[0], edges.at(-1)];
  const most = Math.max(...counts, 1);
  const place = (edge: number) => left + ((edge - first) / (last - first)) * width;
  return counts.map((count, bin) => {
    const [start, end] = [place(edges[bin] ?? first), place(edges[bin + 1] ?? last)];
    // A bin with few rows is still visible.
    const tall = count === 0 ? 0 : Math.max((count / most) * height, 1);
    return { x: start, y: top + height - tall, width: Math.max(end - start - 1, 0.5), height: tall };
  });
};

/** The place of 0 on the axis of a histogram; null if it is outside. */
export const zeroOf = ({ left, width }: Area, edges: number[]): number | null => {
  const [first = 0, last = first + 1] = [edges[0], edges.at(-1)];
  return first <= 0 && 0 <= last ? left + ((0 - first) / (last - first)) * width : null;
};

/** The share of a cell among the rows with its label, by which it is coloured; 0 if there are none. */
export const shareOf = (row: number[], count: number): number => {
  const all = row.reduce((sum, each) => sum + each, 0);
  return all === 0 ? 0 : count / all;
};
