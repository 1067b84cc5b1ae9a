"""Deployments, active and ended. See `sql/deployments.sql`.

Functions that write are part of a caller's transaction, which is fenced (`jobs.fenced`). The database keeps a version's
status at `deployed` while it has a deployment.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.deployments import Deployment, DeploymentEnd, DeploymentId, Engine
from modelops.domain.emptiness import Emptiness
from modelops.domain.errors import UnknownDeployment
from modelops.domain.labels import Truth
from modelops.domain.schedules import MANUAL_PLAN
from modelops.domain.versions import VersionKind
from modelops.registry.queries import Queries
from modelops.registry.translation import translated
from modelops.registry.write import schedules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from psycopg import Connection

    from modelops.domain.decisions import Decision
    from modelops.domain.jobs import JobId
    from modelops.domain.schedules import Plan
    from modelops.domain.versions import Version

_QUERIES = Queries("deployments")
MAX_LISTED = 20
"""Maximum deployments that a message lists."""


def begin(
    connection: Connection[Any],
    version: Version,
    *,
    decision: Decision,
    job_id: JobId,
    dataset: Mapping[str, Any],
    target: str,
    entity_key: Sequence[Mapping[str, str]],
    outputs: Mapping[str, str],
    set_aside_budget: int,
    empty: Emptiness = Emptiness.INTERVALS,
    plan: Plan = MANUAL_PLAN,
    parts: int = 1,
    check_drift: bool = True,
    truth: Truth | None = None,
    maturity: timedelta | None = None,
    engine: Engine = Engine.BATCH,
) -> tuple[DeploymentId, Deployment | None]:
    """Put a version into production and end the target's current deployment, in the caller's transaction.

    Returns the new deployment, and the one that it has replaced.

    Raises:
        NotApproved: there is no valid approval of exactly these artifacts.
        TargetError: the target has another model's predictions.
    """
    with translated():
        before = champion(connection, target)
        if before is not None and before.model == version.name and before.kind == version.kind:
            end(connection, before.id, how=DeploymentEnd.REPLACED, job_id=job_id)
        row = _QUERIES.execute(
            connection,
            "begin",
            version_id=version.id,
            artifact_sha256=version.artifact_sha256,
            decision_id=decision.id,
            job_id=job_id,
            engine=engine,
            dataset=Jsonb(dataset),
            target=target,
            entity_key=Jsonb(list(entity_key)),
            outputs=Jsonb(outputs),
            set_aside_budget=set_aside_budget,
            empty=empty,
            parts=parts,
            check_drift=check_drift,
            truth=None if truth is None else Jsonb(truth.as_record()),
            maturity=maturity,
        ).fetchone()
    assert row is not None
    schedules.set_schedule(connection, row["id"], plan, job_id=job_id)
    return DeploymentId(row["id"]), before


def end(connection: Connection[Any], deployment_id: int, *, how: DeploymentEnd, job_id: JobId) -> datetime | None:
    """End a deployment; returns the time, or None if it had already ended."""
    with translated():
        row = _QUERIES.execute(connection, "end", id=deployment_id, how=how, job_id=job_id).fetchone()
    return None if row is None else row["ended_at"]


def champion(connection: Connection[Any], target: str) -> Deployment | None:
    """The target's current deployment, locked until the end of the transaction."""
    with translated():
        row = _QUERIES.execute(connection, "champion", target=target).fetchone()
    return None if row is None else _deployment(row)


def last_of_target(connection: Connection[Any], target: str) -> Deployment | None:
    """The newest deployment into a target, ended or not."""
    with translated():
        row = _QUERIES.execute(connection, "last_of_target", target=target).fetchone()
    return None if row is None else _deployment(row)


def last_seen_of_target(connection: Connection[Any], target: str) -> Deployment | None:
    """The newest deployment into a target whose rows readers can see; None: nothing is published."""
    with translated():
        row = _QUERIES.execute(connection, "last_seen_of_target", target=target).fetchone()
    return None if row is None else _deployment(row)


def find(connection: Connection[Any], deployment_id: int, *, kind: VersionKind | None = None) -> Deployment:
    """A deployment, ended or not; it must be of `kind`, if that is given.

    Raises:
        UnknownDeployment: no deployment has that number, and the message lists active ones; or it is of another kind.
    """
    with translated():
        row = _QUERIES.execute(connection, "find", id=deployment_id).fetchone()
    if row is None:
        active_ones = active(connection)
        listed = "; ".join(f"{one.id}: {one.model} v{one.version} → {one.target}" for one in active_ones[:MAX_LISTED])
        more = f"; and {len(active_ones) - MAX_LISTED} more" if len(active_ones) > MAX_LISTED else ""
        raise UnknownDeployment(
            f"there is no deployment {deployment_id}",
            where="the parameter deployment",
            expected=f"the number of a deployment; active are {listed}{more}"
            if active_ones
            else "deploy a version first",
        )
    deployment = _deployment(row)
    if kind is not None and deployment.kind is not kind:
        raise UnknownDeployment(
            f"deployment {deployment.id} is one of the {deployment.kind.words} {deployment.model}",
            where="the parameter deployment",
            expected=f"a deployment of a {kind.words}",
        )
    return deployment


def find_active(connection: Connection[Any], deployment_id: int, *, kind: VersionKind | None = None) -> Deployment:
    """An active deployment; it must be of `kind`, if that is given.

    Raises:
        UnknownDeployment: no deployment has that number, it is of another kind, or it has ended.
    """
    deployment = find(connection, deployment_id, kind=kind)
    if deployment.ended_at is not None:
        raise UnknownDeployment(
            f"deployment {deployment.id} was {deployment.ended_how} at {deployment.ended_at:%Y-%m-%d %H:%M:%S} UTC",
            where="the parameter deployment",
            expected="a deployment that is active",
        )
    return deployment


def active(connection: Connection[Any]) -> list[Deployment]:
    """The active deployments, by model and target."""
    with translated():
        return [_deployment(row) for row in _QUERIES.execute(connection, "active")]


def owners_of_target(connection: Connection[Any], target: str) -> set[tuple[VersionKind, str]]:
    """The models and feature tasks to which a target belongs: in production there, or with published rows."""
    with translated():
        rows = _QUERIES.execute(connection, "owners_of_target", target=target)
        return {(VersionKind(row["kind"]), row["name"]) for row in rows}


def other_owner_by_name(connection: Connection[Any], target: str, model: str) -> str | None:
    """Another model or feature task with the target's name, for which the target is reserved; None: no such one."""
    with translated():
        row = _QUERIES.execute(connection, "other_owner_by_name", target=target, model=model).fetchone()
    assert row is not None
    owner: str | None = row["owner"]
    return owner


def in_production_at(connection: Connection[Any], moment: datetime) -> list[Mapping[str, Any]]:
    """The deployments in production at a given time, with decision and evidence: rows of the SQL function."""
    with translated():
        return list(_QUERIES.execute(connection, "in_production_at", moment=moment))


def _deployment(row: Mapping[str, Any]) -> Deployment:
    values = {field.name: row[field.name] for field in fields(Deployment)}
    ended = row["ended_how"]
    return Deployment(
        **values
        | {
            "kind": VersionKind(row["kind"]),
            "engine": Engine(row["engine"]),
            "empty": Emptiness(row["empty"]),
            "ended_how": None if ended is None else DeploymentEnd(ended),
            "truth": None if row["truth"] is None else Truth.from_record(row["truth"]),
        }
    )
