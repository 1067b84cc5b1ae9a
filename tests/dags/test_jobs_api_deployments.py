"""The API's page of a deployment, and the list of deployments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from asking import OUTLINE, signed_in
from factories import deployed, take, task_key
from modelops.airflow.timetables import plan
from modelops.domain.job_types import JobType
from modelops.domain.schedules import Schedule
from modelops.registry.write import jobs, runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.deployments import Deployment
    from modelops.domain.jobs import Attempt

    Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Signed in as somebody whom Airflow lets see no results of the DAG `outline`."""
    return signed_in(database, monkeypatch)


def batch_of(connection: Connection[Any], deployment: Deployment) -> Attempt:
    return take(connection, task_key(dag_id=f"deployment_{deployment.id}"), type=JobType.BATCH_PREDICTION)


def published(connection: Connection[Any], deployment: Deployment, *, rows: int) -> int:
    """The job of a published batch of all rows."""
    batch = batch_of(connection, deployment)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
        runs.publish(connection, run, rows=rows, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    return batch.job_id


def test_a_deployment_with_its_batches(ask: Ask, connection: Connection[Any], database: Database) -> None:
    deployment = deployed(connection)
    first = published(connection, deployment, rows=3)
    newest = published(connection, deployment, rows=4)
    failing = batch_of(connection, deployment)
    with jobs.fenced(connection, failing):
        runs.begin(connection, deployment, failing, None)
    jobs.give_up(connection, failing, error="the dataset has no rows\n  where: predict", again=False)
    found = ask("GET", f"/../deployments/{deployment.id}").json()
    assert [(batch["job_id"], batch["rows"]) for batch in found["batches"]] == [(newest, 4), (first, 3)]
    assert [batch["superseded_at"] is None for batch in found["batches"]] == [True, False]
    assert found["dag_id"] == f"deployment_{deployment.id}"
    assert (found["last_job_id"], found["last_reason"]) == (failing.job_id, "the dataset has no rows")
    unknown = ask("GET", "/../deployments/99")
    assert (unknown.status_code, unknown.json()["code"]) == (httpx.codes.NOT_FOUND, "unknown_deployment")
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.job SET dag_id = %s WHERE type = 'training'", (OUTLINE,))
    assert ask("GET", f"/../deployments/{deployment.id}").status_code == httpx.codes.NOT_FOUND


def test_deployments_by_name_and_target(ask: Ask, connection: Connection[Any]) -> None:
    deployed(connection)
    deployed(connection, "demo/other", target="predictions.risk")
    for search, names in (("ARRIVAL", ["demo/arrival_delay"]), ("s.risk", ["demo/other"]), ("%", []), ("zzz", [])):
        found = ask("GET", "/../deployments", params={"search": search}).json()["deployments"]
        assert [deployment["model"] for deployment in found] == names


def test_what_became_of_the_intervals_of_a_deployment(ask: Ask, connection: Connection[Any]) -> None:
    daily = Schedule(text="@daily", time_zone="Europe/Paris")
    planned = plan(daily, datetime.now(UTC) - timedelta(days=3))
    sql = "SELECT 1 AS id WHERE current_setting('modelops.interval_start') <> ''"
    deployment = deployed(connection, dataset={"name": None, "sql": sql}, plan=planned)
    address = f"/../deployments/{deployment.id}/intervals"
    found = ask("GET", address, params={"limit": 2}).json()
    assert (found["dag_id"], found["schedule"]) == (f"deployment_{deployment.id}", "@daily")
    assert [(one["state"], one["is_due"], one["job_id"]) for one in found["intervals"]] == [("missing", True, None)] * 2
    assert found["more"] is True
    last = {f"last_{end}": found["intervals"][-1][end] for end in ("start", "end")}
    rest = ask("GET", address, params=last).json()
    assert [one["end"] for one in rest["intervals"]] == [found["intervals"][-1]["start"]]
    assert rest["more"] is False
    [shown] = ask("GET", "/../deployments").json()["deployments"]
    assert datetime.now(UTC) < datetime.fromisoformat(shown["next_at"]) < datetime.now(UTC) + timedelta(days=1)
