"""Runs of predictions: what readers see is one whole run for each interval, and nothing forged makes it otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import deployed, take, task_key
from modelops.domain.deployments import DeploymentEnd, Interval
from modelops.domain.errors import IntervalError, ModelOpsError, TargetError, UnknownDeployment
from modelops.domain.job_types import JobType
from modelops.registry.write import deployments, jobs, runs
from modelops.registry.write.runs import DueInterval

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database
    from modelops.domain.deployments import Deployment
    from modelops.domain.jobs import Attempt


def month(first: int, last: int) -> Interval:
    """From the beginning of one month to the beginning of another, in 2013."""
    return Interval(start=datetime(2013, first, 1, tzinfo=UTC), end=datetime(2013, last, 1, tzinfo=UTC))


def batch(connection: Connection[Any], **values: Any) -> Attempt:
    return take(
        connection, values.pop("key", None) or task_key(task_id="predict"), type=JobType.BATCH_PREDICTION, **values
    )


def published(
    connection: Connection[Any], deployment: Deployment, interval: Interval | None = None, **values: Any
) -> int:
    """A run as a batch leaves it."""
    attempt = batch(connection, **values)
    with jobs.fenced(connection, attempt):
        run = runs.begin(connection, deployment, attempt, interval)
    with jobs.fenced(connection, attempt):
        runs.publish(connection, run, rows=10, set_aside=0)
        jobs.complete(connection, attempt, {"run": run})
    return run


def visible(connection: Connection[Any]) -> list[int]:
    rows = connection.execute("SELECT run_id FROM modelops.published_run ORDER BY run_id").fetchall()
    return [row[0] for row in rows]


def test_the_newest_run_of_an_interval_is_seen(connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    published(connection, deployment, month(1, 2))
    kept = published(connection, deployment, month(2, 3))
    again = published(connection, deployment, month(1, 2))
    assert visible(connection) == [kept, again]
    whole = published(connection, deployment, month(1, 4))
    assert visible(connection) == [whole]


def test_a_target_with_published_rows_stays_its_models(connection: Connection[Any]) -> None:
    first = deployed(connection, "demo/other")
    published(connection, first)
    retirement = take(connection, task_key(task_id="retire"), type=JobType.RETIREMENT)
    with jobs.fenced(connection, retirement):
        deployments.end(connection, first.id, how=DeploymentEnd.RETIRED, job_id=retirement.job_id)
    with pytest.raises(TargetError, match="holds the predictions of demo/other"):
        deployed(connection)


def test_whoever_publishes_sees_what_was_published_meanwhile(database: Database, connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    attempt = batch(connection)
    with jobs.fenced(connection, attempt):
        run = runs.begin(connection, deployment, attempt, None)
    with database.connect() as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(ModelOpsError, match="READ COMMITTED only"), jobs.fenced(other, attempt):
            runs.publish(other, run, rows=10, set_aside=0)
    assert visible(connection) == []


def test_an_interval_that_would_tear_a_run_apart(connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    kept = published(connection, deployment, month(1, 3))
    for torn in (month(2, 3), month(2, 4)):
        with pytest.raises(IntervalError, match="which overlaps with"):
            published(connection, deployment, torn)
    assert visible(connection) == [kept]
    everything = published(connection, deployment)
    assert visible(connection) == [everything]
    with pytest.raises(IntervalError):
        published(connection, deployment, month(1, 3))


def test_the_runs_of_two_versions_are_one_history(connection: Connection[Any]) -> None:
    first = published(connection, deployed(connection))
    second = published(connection, deployed(connection))
    assert visible(connection) == [second]
    [(by,)] = connection.execute("SELECT superseded_by FROM modelops.batch_run WHERE id = %s", (first,)).fetchall()
    assert by == second


def test_a_deployment_that_has_ended(connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    attempt = batch(connection)
    with jobs.fenced(connection, attempt):
        run = runs.begin(connection, deployment, attempt, None)
    retiring = take(connection, task_key(task_id="retire"), type=JobType.RETIREMENT)
    with jobs.fenced(connection, retiring):
        deployments.end(connection, deployment.id, how=DeploymentEnd.RETIRED, job_id=retiring.job_id)
    with pytest.raises(UnknownDeployment, match=r"deployment \d+ was retired at"):
        runs.publish(connection, run, rows=1, set_aside=0)
    with pytest.raises(UnknownDeployment, match="was retired"):
        runs.begin(connection, deployment, attempt, None)


def test_an_attempt_that_was_given_up(connection: Connection[Any]) -> None:
    """Its run can't be published any more, not even by hand."""
    deployment, key = deployed(connection), task_key(task_id="predict")
    zombie = batch(connection, key=key)
    with jobs.fenced(connection, zombie):
        run = runs.begin(connection, deployment, zombie, None)
    batch(connection, key=key, number=2)
    with pytest.raises(ModelOpsError, match="isn't a batch prediction under way in attempt 1"):
        runs.publish(connection, run, rows=1, set_aside=0)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE modelops.batch_run SET published_at = NULL", "is published: what is on record of it stays"),
        ("UPDATE modelops.batch_run SET rows = 11", "is published: what is on record of it stays"),
        ("UPDATE modelops.batch_run SET superseded_at = NULL, superseded_by = NULL", "permission denied"),
        ("UPDATE modelops.batch_run SET target = 'predictions.mine'", "permission denied"),
        ("DELETE FROM modelops.batch_run", "permission denied"),
        ("TRUNCATE modelops.batch_run", "permission denied"),
        ("INSERT INTO modelops.set_aside VALUES (1, 0, '{}', 'late')", "what it would belong to is finished"),
        (
            "INSERT INTO modelops.statistics (run_id, role, variable, kind, values) VALUES (1, 'target', '', '', '{}')",
            "what it would belong to is finished",
        ),
        (
            "INSERT INTO modelops.batch_run (deployment_id, job_id, attempt, fence) VALUES (1, 1, 1, 1)",
            "isn't a batch prediction under way",
        ),
    ],
)
def test_forged_with_psql(database: Database, connection: Connection[Any], sql: str, said: str) -> None:
    run = published(connection, deployed(connection))
    done = database.psql("modelops_jobs", sql)
    assert done.returncode != 0
    assert said in done.stderr
    assert visible(connection) == [run]


def test_what_was_superseded_stays_so(database: Database, connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    published(connection, deployment)
    newest = published(connection, deployment)
    done = database.psql("modelops_owner", "UPDATE modelops.batch_run SET superseded_at = NULL, superseded_by = NULL")
    assert "what is on record of it stays" in done.stderr
    assert visible(connection) == [newest]


def test_what_became_of_intervals(connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    published(connection, deployment, month(1, 2))
    published(connection, deployment, month(1, 3))
    published(connection, deployment, month(5, 6))
    failed, running = batch(connection), batch(connection)
    for attempt, interval in ((failed, month(6, 7)), (running, month(7, 8))):
        with jobs.fenced(connection, attempt):
            runs.begin(connection, deployment, attempt, interval)
    jobs.give_up(connection, failed, error="it broke", again=False)
    due = [DueInterval(start=one.start, end=one.end) for one in (month(first, first + 1) for first in range(2, 9))]

    def told(before: Any = None, limit: int = 50) -> list[tuple[int | None, int | None, bool, str]]:
        rows = runs.intervals(connection, ["model_lifecycle"], deployment.id, due, before=before, limit=limit)
        return [(row["start"].month, row["end"].month, row["is_due"], row["state"]) for row in rows]

    whole = [
        (8, 9, True, "missing"),
        (7, 8, True, "running"),
        (6, 7, True, "failed"),
        (5, 6, True, "done"),
        (4, 5, True, "missing"),
        (3, 4, True, "missing"),
        (2, 3, True, "done"),
        (1, 3, False, "done"),
        (1, 2, False, "superseded"),
    ]
    assert told() == whole
    assert told(limit=3) == whole[:3]
    last = month(2, 3)
    assert told(before=(last.start, last.end)) == whole[7:]


def test_who_is_said_to_have_asked_for_an_interval(connection: Connection[Any]) -> None:
    """Airflow keeps these beginnings of the names of runs for itself."""
    deployment = deployed(connection)
    for number, kind in enumerate(("scheduled", "backfill", "asset_triggered", "manual"), start=1):
        key = task_key(dag_id=f"deployment_{deployment.id}", run_id=f"{kind}__{number}", task_id="predict")
        published(connection, deployment, month(number, number + 1), key=key)
    told = runs.intervals(connection, ["model_lifecycle"], deployment.id, [], before=None, limit=9)
    assert [row["is_due"] for row in told] == [False, True, True, True]
