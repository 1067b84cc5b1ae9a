"""A script without ModelOps: `python -m bench.batch.script ROWS URL MODEL` prints the seconds, without imports.

It calls pandas.read_sql, the logistic function, and DataFrame.to_sql, through SQLAlchemy and psycopg.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg  # noqa: F401
from sqlalchemy import create_engine


def main(rows: int, url: str, model_file: str) -> float:
    """Score this many rows of the table `measured` into the table `scripted`."""
    engine = create_engine(url)
    began = time.perf_counter()
    model = json.loads(Path(model_file).read_text(encoding="utf-8"))
    data = pd.read_sql(f"SELECT * FROM measured WHERE id <= {rows}", engine)  # noqa: S608
    coefficients = pd.Series(model["coefficients"])
    score = data[coefficients.index] @ coefficients + model["intercept"]
    probability = 1 / (1 + np.exp(-score))
    scored = pd.DataFrame(
        {
            "run_id": np.int64(0),
            "id": data["id"],
            "label": (probability >= 0.5).astype("int32"),
            "label_probability": probability,
        }
    )
    scored.to_sql("scripted", engine, if_exists="append", index=False)
    return time.perf_counter() - began


if __name__ == "__main__":
    print(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
