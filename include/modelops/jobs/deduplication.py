"""Runs concurrent identical requests once: the later job waits for the earlier one and returns its result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelops.registry.write import runs

if TYPE_CHECKING:
    from modelops.jobs.run import JobRun

LOOK_EVERY = 0.5
"""Seconds."""


def reuse_concurrent_result(run_id: int, run: JobRun) -> dict[str, Any] | None:
    """Wait for a job that began to make the same rows before this run did; None: this one is to make them.

    If that job began after this one was asked for, its rows are as fresh as these would be: this job is complete then,
    with that result. Otherwise, and where it fails, is stopped or is lost, the rows are made.

    Raises:
        FenceLost: a newer attempt has the job.
    """
    waits_for = None
    while (other := runs.same(run.ledger, run_id, run.attempt.asked_at)) is not None:
        if other["published"]:
            if other["result"] is None:  # cleared since
                return None
            result = {**other["result"], "made_by_job": other["job_id"]}
            with run.fenced():
                run.complete(result)
            run.log(f"Job {other['job_id']} has made the same rows meanwhile, so they are not made again.")
            return result
        if waits_for != other["job_id"]:
            waits_for = other["job_id"]
            run.log(f"Job {waits_for} is making the same rows: this one waits for it.")
        time.sleep(LOOK_EVERY)
    return None
