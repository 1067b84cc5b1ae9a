"""Claims a job, as an operator does before it calls its use case, and runs one in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import Claim, TaskKey
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from bench.installation import Installation
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

    asked = {"number": 1, "first": 1, "subject": "bench", "requested_by": "ada", "parameters": {}}
    attempt = jobs.claim(connection, Claim(key=key, type=type_, **asked))
    return JobRun(attempt=attempt, ledger=connection, resources=installation.resources(), log=log)


def key_of(type_: JobType, run: str) -> TaskKey:
    """The task key of a job of this type in this run."""
    return TaskKey(dag_id="bench", run_id=run, task_id=type_)


def in_own_process(installation: Installation, module: str, *arguments: str) -> dict[str, Any]:
    """Run a module that does a job, after a checkpoint: it gets the installation by stdin; returns what it prints."""
    installation.checkpoint()
    out = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=installation.to_json(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=PROJECT_ROOT,
        env={**os.environ, "AIRFLOW_HOME": str(installation.folder / "airflow")},
    ).stdout
    done: dict[str, Any] = json.loads(out)
    return done
