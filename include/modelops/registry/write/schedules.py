"""Schedules of deployments. See `sql/schedules.sql`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from modelops.domain.deployments import DeploymentDagSpec
from modelops.domain.errors import ScheduleError
from modelops.domain.schedules import Plan, Schedule
from modelops.domain.versions import VersionKind
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

    from modelops.domain.jobs import JobId

_QUERIES = Queries("schedules")
KEPT = timedelta(minutes=10)
"""How long a deployment keeps its DAG after it has ended or was set to publish only: Airflow takes a while to forget a
DAG and would start it meanwhile, and running tasks need it to their end."""


def set_schedule(connection: Connection[Any], deployment_id: int, plan: Plan, *, job_id: JobId) -> None:
    """Set a deployment's schedule, in the caller's transaction.

    Raises:
        UnknownDeployment: the deployment has ended.
    """
    with translated():
        _QUERIES.execute(
            connection,
            "set",
            deployment_id=deployment_id,
            job_id=job_id,
            schedule=plan.schedule.text,
            time_zone=plan.schedule.time_zone,
            paused=plan.schedule.paused,
            starts_at=plan.starts_at,
            late_after=plan.schedule.late_after,
        )


def plan_of(connection: Connection[Any], deployment_id: int) -> Plan:
    """A deployment's current schedule, and the tick from which it started."""
    with translated():
        row = _QUERIES.execute(connection, "current", deployment_id=deployment_id).fetchone()
    assert row is not None
    return _plan(row)


def plan_of_target(connection: Connection[Any], target: str) -> Plan | None:
    """The schedule of the target's current deployment; None if there is none."""
    with translated():
        row = _QUERIES.execute(connection, "of_target", target=target).fetchone()
    return None if row is None else _plan(row)


def deployed(connection: Connection[Any], deployment_id: int | None = None) -> list[DeploymentDagSpec]:
    """The deployments that have a DAG, or one of them: the active ones, and those that ended a short while ago."""
    with translated():
        rows = _QUERIES.execute(connection, "deployed", deployment_id=deployment_id, kept=KEPT).fetchall()
    return [
        DeploymentDagSpec(
            schedule=Schedule(
                text=row.pop("schedule"),
                time_zone=row.pop("time_zone"),
                paused=row.pop("paused") or row["ended"],
                late_after=row.pop("late_after"),
            ),
            **row | {"kind": VersionKind(row["kind"])},
        )
        for row in rows
    ]


def publishers(connection: Connection[Any]) -> list[str]:
    """The feature tables that have an active deployment, as `schema.name`."""
    with translated():
        return [row["target"] for row in _QUERIES.execute(connection, "publishers")]


def check_zone(connection: Connection[Any], time_zone: str, *, where: str) -> None:
    """Check that PostgreSQL knows a time zone that Python knows.

    Raises:
        ScheduleError: PostgreSQL has no time zone of this name.
    """
    with translated():
        row = _QUERIES.execute(connection, "knows_zone", time_zone=time_zone).fetchone()
    if row is None or not row["knows"]:
        raise ScheduleError(
            f"PostgreSQL has no time zone {time_zone!r}",
            where=where,
            expected="a name that PostgreSQL's pg_timezone_names has, like Europe/Paris or UTC",
        )


def declared(connection: Connection[Any]) -> list[str]:
    """The feature tables that a version of a feature task declares, deployed or not, as `schema.name`."""
    with translated():
        return [row["output"] for row in _QUERIES.execute(connection, "declared")]


def _plan(row: Mapping[str, Any]) -> Plan:
    schedule = Schedule(
        text=row["schedule"], time_zone=row["time_zone"], paused=row["paused"], late_after=row["late_after"]
    )
    return Plan(schedule=schedule, starts_at=row["starts_at"])
