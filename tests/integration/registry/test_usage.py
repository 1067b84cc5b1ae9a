"""What jobs have used, and what is suggested for the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from factories import take, task_key, trained_version
from modelops.domain.job_types import JobType
from modelops.domain.resources import MIB, ResourceRequest, Usage
from modelops.registry.read import usage
from modelops.registry.write import jobs

if TYPE_CHECKING:
    from psycopg import Connection

DAG, MODEL = "model_lifecycle", "demo/arrival_delay"


def measured(connection: Connection[Any], memory: int, **values: Any) -> int:
    """A job that has completed, and whose code has used this many MiB."""
    dag_id = values.pop("dag_id", DAG)
    failed = values.pop("failed", False)
    attempt = take(connection, task_key(dag_id=dag_id), **{"subject": MODEL} | values)
    used = Usage(peak_memory=memory * MIB, peak_allocated=2 * memory * MIB, cpu_seconds=memory / 10, seconds=1)
    if failed:
        jobs.give_up(connection, attempt, error="too large", again=False, usage=used)
        return attempt.job_id
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {}, usage=used)
    return attempt.job_id


def test_the_next_request_is_suggested_from_the_last_ones(connection: Connection[Any]) -> None:
    measured(connection, 9_000)
    for memory in range(100, 100 + usage.RECENT):
        last = measured(connection, memory, subject=f"{MODEL} v{memory}")
    measured(connection, 5_000, failed=True)
    measured(connection, 5_000, type=JobType.EVALUATION)
    measured(connection, 5_000, subject="demo/other")
    measured(connection, 5_000, dag_id="hidden")
    take(connection, task_key(), subject=MODEL)
    found = usage.of_job(connection, last, [DAG])
    assert (found.peak_memory, found.peak_allocated, found.cpu_seconds) == (109 * MIB, 218 * MIB, 10.9)
    assert found.requested == ResourceRequest()
    assert found.recent == usage.RecentUsage(jobs=10, peak_memory=109 * MIB, peak_allocated=218 * MIB, cpu_seconds=10.9)
    assert (found.recent.memory, found.recent.cpu_seconds_to_request) == (512 * MIB, 60)


def test_a_job_without_a_measurement(connection: Connection[Any]) -> None:
    attempt = take(connection, task_key(dag_id=DAG), subject=MODEL)
    found = usage.of_job(connection, attempt.job_id, [DAG])
    assert (found.peak_memory, found.recent) == (None, None)


def test_what_the_version_of_a_job_requests(connection: Connection[Any]) -> None:
    version = trained_version(connection, resources={"memory": 2**30, "queue": "gpu"})
    found = usage.of_job(connection, version.job_id, [DAG])
    assert found.requested == ResourceRequest(memory=2**30, queue="gpu")
