"""A batch, or its drift check, in a process as that of a task: `python -m bench.statistics.job WHICH DEPLOYMENT`.

The installation is read from stdin; what the job took is written to stdout, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

from bench.batch import job as batch_job
from bench.installation import Installation
from bench.task import claim, key_of
from modelops.airflow.preloading import preload_jobs
from modelops.domain.job_types import JobType


def check(deployment: int) -> dict[str, float]:
    """Claim the job and do it; the time is that from before its claim to its completion."""
    from modelops.domain.requests import DriftCheckRequest
    from modelops.kinds.check_drift import check_drift

    installation = Installation.from_json(sys.stdin.read())
    began = time.perf_counter()
    with installation.connect() as connection:
        key = key_of(JobType.DRIFT_CHECK, f"check_{os.getpid()}_{time.time_ns()}")
        job = claim(installation, connection, JobType.DRIFT_CHECK, key=key)
        check_drift(DriftCheckRequest(deployment=deployment), job)
    return {"seconds": time.perf_counter() - began}


if __name__ == "__main__":
    preload_jobs()  # as what forks the processes of tasks has
    which, number = sys.argv[1:]
    print(json.dumps({"batch": batch_job.main, "check": check}[which](int(number))))
