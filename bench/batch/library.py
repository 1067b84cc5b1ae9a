"""The library's own prediction, of all rows in memory: `python library.py ROWS MODEL`; prints seconds.

Run by the model's own Python. Neither imports nor reading the rows and the model count; its threads are as many as the
library chooses.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import xgboost


def main(rows_file: str, model_file: str) -> float:
    """Load everything, score some rows to begin with, and measure one call with all."""
    model = xgboost.Booster(model_file=bytearray(Path(model_file).read_bytes()))  # its name tells no format
    with pa.memory_map(rows_file) as source:
        columns = pa.ipc.open_file(source).read_all().columns
        rows = np.column_stack([column.to_numpy() for column in columns]).astype("float32")
    model.inplace_predict(rows[:1000])
    began = time.perf_counter()
    model.inplace_predict(rows)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
