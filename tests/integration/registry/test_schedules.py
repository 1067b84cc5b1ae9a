"""Schedules of deployments: rows that only jobs add, of which the newest counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import decide, deploy, deployed, evaluated_version, take, task_key
from modelops.domain.deployments import DeploymentEnd
from modelops.domain.errors import ScheduleError, UnknownDeployment
from modelops.domain.job_types import JobType
from modelops.domain.schedules import Plan, Schedule
from modelops.registry.write import deployments, jobs, schedules

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database
    from modelops.domain.jobs import Attempt

TICK = datetime(2026, 3, 20, 2, tzinfo=UTC)
DAILY = Plan(schedule=Schedule(text="0 3 * * *", time_zone="Europe/Paris"), starts_at=TICK)
INSERT = (
    "INSERT INTO modelops.schedule (deployment_id, job_id, schedule, time_zone, paused, starts_at)"
    " VALUES (%s, %s, %s, %s, false, %s)"
)


def changing(connection: Connection[Any], person: str = "ada") -> Attempt:
    return take(connection, task_key(task_id="change"), type=JobType.SCHEDULE_CHANGE, requested_by=person)


def change(connection: Connection[Any], deployment: int, plan: Plan, person: str = "ada") -> None:
    attempt = changing(connection, person)
    with jobs.fenced(connection, attempt):
        schedules.set_schedule(connection, deployment, plan, job_id=attempt.job_id)


def test_a_deployment_begins_with_one(connection: Connection[Any]) -> None:
    deployment = deployed(connection, plan=DAILY)
    assert schedules.plan_of(connection, deployment.id).schedule == DAILY.schedule
    [one] = schedules.deployed(connection)
    assert (one.id, one.schedule, one.starts_at, one.set_by) == (deployment.id, DAILY.schedule, TICK, "ada")
    assert (one.approver, one.incremental, one.ended) == ("grace", False, False)
    assert schedules.deployed(connection, deployment.id + 1) == []


def test_the_newest_counts_and_what_was_stays(connection: Connection[Any]) -> None:
    deployment = deployed(connection, plan=DAILY)
    change(connection, deployment.id, Plan(schedule=Schedule(text="once"), starts_at=TICK), person="grace")
    change(connection, deployment.id, Plan(schedule=Schedule(text="after features.a")), person="ada")
    assert schedules.plan_of(connection, deployment.id).schedule.table == "features.a"
    told = connection.execute("SELECT schedule, set_by FROM modelops.schedule ORDER BY id").fetchall()
    assert told == [("0 3 * * *", "ada"), ("once", "grace"), ("after features.a", "ada")]


def test_what_is_for_publishing_only_has_no_dag(connection: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(connection, plan=Plan(schedule=Schedule(text="publish only")))
    assert schedules.deployed(connection) == []
    other = deployed(connection, "demo/other", target="predictions.other", plan=DAILY)
    change(connection, other.id, Plan(schedule=Schedule(text="publish only")))
    assert [one.id for one in schedules.deployed(connection)] == [other.id]  # for what runs just then
    monkeypatch.setattr(schedules, "KEPT", timedelta(0))
    assert schedules.deployed(connection) == []


def test_a_dag_stays_as_long_as_its_jobs_are_under_way(
    connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs needs it to its end, however long that takes."""
    deployment = deployed(connection, plan=DAILY)
    change(connection, deployment.id, Plan(schedule=Schedule(text="publish only")))
    attempt = take(connection, task_key(dag_id=f"deployment_{deployment.id}"), type=JobType.BATCH_PREDICTION)
    monkeypatch.setattr(schedules, "KEPT", timedelta(0))
    assert [one.id for one in schedules.deployed(connection)] == [deployment.id]
    jobs.give_up(connection, attempt, error="it broke", again=False)
    assert schedules.deployed(connection) == []


def test_what_asks_for_the_interval_is_incremental(connection: Connection[Any]) -> None:
    sql = "SELECT * FROM flights WHERE at >= current_setting('modelops.interval_start')::timestamptz"
    deployed(connection, dataset={"name": None, "sql": sql})
    assert [one.incremental for one in schedules.deployed(connection)] == [True]


def test_what_has_ended_is_told_of_for_a_while_and_starts_nothing(connection: Connection[Any]) -> None:
    deployment = deployed(connection, plan=DAILY)
    attempt = take(connection, task_key(task_id="retire"), type=JobType.RETIREMENT)
    with jobs.fenced(connection, attempt):
        deployments.end(connection, deployment.id, how=DeploymentEnd.RETIRED, job_id=attempt.job_id)
    [one] = schedules.deployed(connection)
    assert (one.ended, one.schedule.paused) == (True, True)
    with pytest.raises(UnknownDeployment, match=f"deployment {deployment.id} was retired at"):
        change(connection, deployment.id, DAILY)


def test_what_ended_long_ago_is_told_of_no_more(connection: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    deployed(connection, plan=DAILY)
    second = deployed(connection)
    monkeypatch.setattr(schedules, "KEPT", timedelta(0))
    assert [one.id for one in schedules.deployed(connection)] == [second.id]


def test_the_database_refuses_what_is_no_schedule(connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    attempt = changing(connection)
    with pytest.raises(ScheduleError, match="there is no time zone 'Mars/Olympus'"):
        change(connection, deployment.id, Plan(schedule=Schedule(time_zone="Mars/Olympus")))
    for schedule, starts_at, constraint in (
        ("@daily", None, "schedule_starts"),
        ("manual", TICK, "schedule_starts"),
        (" ", TICK, "schedule_written"),
        ("a\nb", TICK, "schedule_written"),
    ):
        with pytest.raises(psycopg.errors.CheckViolation) as caught:
            connection.execute(INSERT, (deployment.id, attempt.job_id, schedule, "UTC", starts_at))
        assert caught.value.diag.constraint_name == constraint


def test_nobody_sets_one_without_a_job_under_way(connection: Connection[Any]) -> None:
    version = evaluated_version(connection)
    decision = decide(connection, version)
    first, second = (deploy(connection, version, decision, target=f"predictions.{name}") for name in ("a", "b"))
    of_first = deployments.find(connection, first)
    over = changing(connection)
    with jobs.fenced(connection, over):
        jobs.complete(connection, over, {})
    training = take(connection, task_key(task_id="train"))
    query = "SELECT job_id FROM modelops.deployment WHERE id = %s"
    [(its_job,)] = connection.execute(query, (of_first.id,)).fetchall()
    for job_id in (over.job_id, training.job_id, its_job):
        with pytest.raises(psycopg.errors.CheckViolation, match="isn't one under way that may set the schedule"):
            connection.execute(INSERT, (second, job_id, "manual", "UTC", None))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE modelops.schedule SET schedule = 'manual', starts_at = NULL",
        "DELETE FROM modelops.schedule",
        "TRUNCATE modelops.schedule",
    ],
)
def test_what_is_on_record_stays(connection: Connection[Any], database: Database, statement: str) -> None:
    deployed(connection, plan=DAILY)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())
    with database.connect("modelops_owner") as owner, pytest.raises(psycopg.errors.CheckViolation, match="append-only"):
        owner.execute(statement.encode())


def test_who_set_it_and_when_is_the_databases_word(connection: Connection[Any]) -> None:
    deployment = deployed(connection)
    attempt = changing(connection)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(
            "INSERT INTO modelops.schedule (deployment_id, job_id, schedule, time_zone, paused, set_by)"
            " VALUES (%s, %s, 'manual', 'UTC', false, 'nobody')",
            (deployment.id, attempt.job_id),
        )
