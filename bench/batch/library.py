"""Measures XGBoost's prediction of all rows in memory: `python library.py ROWS MODEL` prints the seconds.

It runs in the model's environment. The time doesn't include imports and the reading of the rows and of the model. The
library uses its default number of threads.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import xgboost


def main(rows_file: str, model_file: str) -> float:
    """Load the rows and the model, warm up with some rows, and measure one call with all rows."""
    model = xgboost.Booster(
        model_file=bytearray(Path(model_file).read_bytes())
    )  # the file name has no suffix for the format
    with pa.memory_map(rows_file) as source:
        columns = pa.ipc.open_file(source).read_all().columns
        rows = np.column_stack([column.to_numpy() for column in columns]).astype("float32")
    model.inplace_predict(rows[:1000])
    began = time.perf_counter()
    model.inplace_predict(rows)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
