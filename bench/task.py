"""Claims a job, as an operator does before it calls its use case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import Claim, TaskKey

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
