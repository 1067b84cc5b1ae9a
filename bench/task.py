"""What an operator does before its use case: it takes the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.domain.jobs import TaskKey

if TYPE_CHECKING:
    from psycopg import Connection

    from modelops.domain.jobs import Attempt, JobType


def take(connection: Connection[Any], type_: JobType, *, run: str, subject: str = "bench") -> Attempt:
    """Take the job of this type in this run."""
    from modelops.registry import jobs

    return jobs.take(
        connection,
        TaskKey(dag_id="bench", run_id=run, task_id=type_, map_index=-1),
        type=type_,
        number=1,
        first=1,
        subject=subject,
        requested_by="ada",
        parameters={},
    )
