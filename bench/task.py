"""Claims a job as an operator does before it calls its use case, and runs a job in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from bench.memory import Sampler
from modelops.domain.jobs import Claim, TaskKey
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from bench.installation import Installation
    from bench.memory import Peak
    from modelops.domain.job_types import JobType
    from modelops.jobs.run import JobRun


def claim(
    installation: Installation,
    connection: Connection[Any],
    type_: JobType,
    *,
    key: TaskKey,
    log: Callable[[str], None] = lambda _: None,
) -> JobRun:
    """Claim the job of this task. Modules are imported here, as in an operator, since that is part of a job's time."""
    from modelops.jobs.run import JobRun
    from modelops.registry.write import jobs

    request = Claim(key=key, type=type_, number=1, first=1, subject="bench", requested_by="ada", parameters={})
    attempt = jobs.claim(connection, request)
    return JobRun(attempt=attempt, ledger=connection, resources=installation.resources(), log=log)


def key_of(type_: JobType, run: str) -> TaskKey:
    """The task key of a job of this type in this run."""
    return TaskKey(dag_id="bench", run_id=run, task_id=type_)


def run_job(installation: Installation, *arguments: str, peak: Peak | None = None) -> dict[str, Any]:
    """Run a job in a process of its own; returns its time, result and log.

    Args:
        arguments: those of `bench.job`.
        peak: records the memory of the process, if given.

    Raises:
        RuntimeError: the job fails.
    """
    with (
        subprocess.Popen(
            [sys.executable, "-m", "bench.job", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
            env={**os.environ, "AIRFLOW_HOME": str(installation.folder / "airflow")},
        ) as process,
        nullcontext() if peak is None else Sampler(process.pid, peak),
    ):
        output, _ = process.communicate(installation.to_json())
    if process.returncode != 0:
        raise RuntimeError(f"the job {' '.join(arguments)} failed; its output is above")
    result: dict[str, Any] = json.loads(output)
    return result
