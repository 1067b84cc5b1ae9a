"""One drift check in a process of its own, as a task is: `python -m bench.statistics.check DEPLOYMENT`.

The installation is read from stdin; the seconds that imports and the job took are written to stdout, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

# What a task's process has imported before it takes its job; all else is imported, and measured, after that.
import psycopg  # noqa: F401

import modelops.operators.model  # noqa: F401
from bench.installation import Installation
from bench.task import claim, key_of
from modelops.domain.job_types import JobType


def main(deployment: int) -> dict[str, float]:
    """Claim the job and do it; the time starts before the imports and ends when the job is complete."""
    installation = Installation.from_json(sys.stdin.read())
    began = time.perf_counter()
    import scipy.special  # noqa: F401

    import modelops.jobs.run  # noqa: F401
    from modelops.domain.requests import DriftCheckRequest
    from modelops.kinds.check_drift import check_drift

    imported = time.perf_counter() - began
    with installation.connect() as connection:
        key = key_of(JobType.DRIFT_CHECK, f"check_{os.getpid()}_{time.time_ns()}")
        job = claim(installation, connection, JobType.DRIFT_CHECK, key=key)
        check_drift(DriftCheckRequest(deployment=deployment), job)
    return {"imports": imported, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
