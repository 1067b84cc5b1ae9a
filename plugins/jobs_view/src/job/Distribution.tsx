import { Box } from "@chakra-ui/react";
import type { FC } from "react";

import type { Bar } from "./bars";

const WIDTH = 96;
const HEIGHT = 20;
const GAP = 1;

/** The shape of a column. */
export const Distribution: FC<{ bars: Bar[] }> = ({ bars }) => (
  <Box as="span" color="fg.info" display="inline-block" verticalAlign="middle" aria-hidden>
    <svg width={WIDTH} height={HEIGHT} viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} fill="currentColor">
      {bars.map(({ start, end, height }, place) => {
        const tall = height === 0 ? 0 : Math.max(height * HEIGHT, 1);
        const wide = Math.max((end - start) * WIDTH - GAP, 1);
        return <rect key={place} x={start * WIDTH} y={HEIGHT - tall} width={wide} height={tall} />;
      })}
    </svg>
  </Box>
);
