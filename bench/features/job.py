"""One batch run of a feature task in a process of its own, as a task is: `python -m bench.features.job DEPLOYMENT`.

The installation comes by stdin; what the job took goes to stdout, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from bench.installation import Installation
from bench.task import claim, key_of
from modelops.airflow.preloading import preload_jobs
from modelops.domain.job_types import JobType


def main(deployment: int) -> dict[str, Any]:
    """Claim the job and do it; the times are those since before its claim, at each step and at its completion."""
    installation = Installation.from_json(sys.stdin.read())
    preload_jobs()  # as what forks the processes of tasks has
    from modelops.domain.requests import FeatureBatchRequest
    from modelops.kinds.feature_task.execute_batch import execute_batch

    said: list[tuple[float, str]] = []
    began = time.perf_counter()
    with installation.connect() as connection:
        key = key_of(JobType.FEATURE_BATCH, f"job_{os.getpid()}_{time.time_ns()}")

        def log(line: str) -> None:
            said.append((time.perf_counter() - began, line))

        job = claim(installation, connection, JobType.FEATURE_BATCH, key=key, log=log)
        result = execute_batch(FeatureBatchRequest(deployment=deployment), job)
    return {"seconds": time.perf_counter() - began, "rows": result["rows"], "log": said}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
