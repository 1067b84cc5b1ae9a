"""Runs identical concurrent requests only once: the later job waits for the earlier job and returns its result."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelops.registry.write import runs

if TYPE_CHECKING:
    from modelops.jobs.run import JobRun

FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.5, 10.0, 1.5
"""Seconds between two queries while a job waits, and the factor by which each pause grows."""


def reuse_concurrent_result(run_id: int, run: JobRun) -> dict[str, Any] | None:
    """Wait for an earlier job for the same rows, and return its result; None if this job has to compute the rows.

    If the earlier job began after this one was requested, its rows are as fresh as this job's would be, so this job
    completes with its result. Otherwise, or if the earlier job does not complete, this job computes the rows.

    Raises:
        FenceLost: a newer attempt has the job.
    """
    waits_for, pause = None, FIRST_PAUSE
    while (other := runs.equivalent_run(run.ledger, run_id, run.attempt.asked_at)) is not None:
        if other["published"]:
            if other["result"] is None:  # the other job was cleared in the meantime
                return None
            result = {**other["result"], "made_by_job": other["job_id"]}
            with run.fenced():
                run.complete(result)
            run.log(f"Job {other['job_id']} has made the same rows in the meantime; this job returns its result.")
            return result
        if waits_for != other["job_id"]:
            waits_for = other["job_id"]
            run.log(f"Job {waits_for} is making the same rows; this job waits for it.")
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)
    return None
