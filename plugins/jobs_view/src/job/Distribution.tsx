import { Box } from "@chakra-ui/react";
import type { FC } from "react";

const WIDTH = 96;
const HEIGHT = 20;
const GAP = 1;

/** The shape of a column: a bar for each bin of equal width, or for each of the most frequent categories. */
export const Distribution: FC<{ counts: number[] }> = ({ counts }) => {
  const most = Math.max(...counts, 1);
  const width = WIDTH / counts.length;
  return (
    <Box as="span" color="fg.info" display="inline-block" verticalAlign="middle" aria-hidden>
      <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} fill="currentColor">
        {counts.map((count, place) => {
          const height = count === 0 ? 0 : Math.max((count / most) * HEIGHT, 1);
          return (
            <rect key={place} x={place * width} y={HEIGHT - height} width={Math.max(width - GAP, 1)} height={height} />
          );
        })}
      </svg>
    </Box>
  );
};
