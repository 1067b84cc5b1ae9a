"""One job of batch prediction in a process of its own, as a task is: `python -m bench.batch.job DEPLOYMENT`.

The installation comes by stdin; what the job took goes to stdout, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

# What a task's process has imported before it takes its job; all else is imported, and measured, after that.
import psycopg  # noqa: F401

import modelops.operators.model  # noqa: F401
from bench.installation import Installation
from bench.task import claim, key_of
from modelops.domain.job_types import JobType


def main(deployment: int) -> dict[str, Any]:
    """Claim the job and do it; the time is that from before its claim to its completion."""
    installation = Installation.from_json(sys.stdin.read())
    said: list[tuple[float, str]] = []
    began = time.perf_counter()
    with installation.connect() as connection:
        key = key_of(JobType.BATCH_PREDICTION, f"job_{os.getpid()}_{time.time_ns()}")
        from modelops.domain.requests import BatchRequest
        from modelops.kinds.model.predict_batch import predict_batch

        def log(line: str) -> None:
            said.append((time.perf_counter() - began, line))

        job = claim(installation, connection, JobType.BATCH_PREDICTION, key=key, log=log)
        result = predict_batch(BatchRequest(deployment=deployment), job)
    return {"seconds": time.perf_counter() - began, "rows": result["rows"], "run": result["run"], "log": said}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
