"""Versions of models, and the state machine that they move in. See `sql/versions.sql`.

Functions that write are part of a caller's transaction, which holds the job (`jobs.hold`).
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.errors import UnknownVersion
from modelops.domain.versions import Version, VersionKind, VersionStatus
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Connection

_QUERIES = Queries("versions")


def _version(row: Mapping[str, Any]) -> Version:
    values = {field.name: row[field.name] for field in fields(Version)}
    values |= {"kind": VersionKind(row["kind"]), "status": VersionStatus(row["status"]), "dirty": bool(row["dirty"])}
    return Version(**values)


def begin(connection: Connection[Any], *, name: str, job_id: int, created_by: str) -> Version:
    """The next version of a model, made by this job."""
    _QUERIES.execute(connection, "lock_numbers", name=name)
    row = _QUERIES.execute(
        connection,
        "begin",
        name=name,
        job_id=job_id,
        created_by=created_by,
    ).fetchone()
    assert row is not None
    return _version(row)


def in_the_making(connection: Connection[Any], *, job_id: int) -> Version | None:
    """The version that this job began in an earlier attempt, if it did."""
    with translated():
        row = _QUERIES.execute(connection, "in_the_making", job_id=job_id).fetchone()
    return None if row is None else _version(row)


def of_job(connection: Connection[Any], *, job_id: int) -> Version | None:
    """The version that a job is about, if that was settled in an earlier attempt."""
    with translated():
        row = _QUERIES.execute(connection, "of_job", job_id=job_id).fetchone()
    return None if row is None else _version(row)


def pin(
    connection: Connection[Any],
    version: Version,
    *,
    hyperparameters: Mapping[str, Any],
    commit: str | None,
    dirty: bool,
    code_sha256: str,
    requirements_sha256: str,
) -> Version:
    """Write down, once, which code, requirements and hyperparameters the version is made of."""
    row = _QUERIES.execute(
        connection,
        "pin",
        id=version.id,
        hyperparameters=Jsonb(hyperparameters),
        commit=commit,
        dirty=dirty,
        code_sha256=code_sha256,
        requirements_sha256=requirements_sha256,
    ).fetchone()
    assert row is not None
    return _version(row)


def trained(
    connection: Connection[Any],
    version: Version,
    *,
    job_id: int,
    dataset: Mapping[str, Any],
    data_sha256: str,
    data_rows: int,
    columns: Mapping[str, str],
) -> str:
    """The training is done: write down on which rows, and move the version to trained.

    Its artifacts are on record by now; returns the hash over them that the database computed.
    """
    row = _QUERIES.execute(
        connection,
        "trained",
        id=version.id,
        job_id=job_id,
        dataset=Jsonb(dataset),
        data_sha256=data_sha256,
        data_rows=data_rows,
        columns=Jsonb(columns),
    ).fetchone()
    assert row is not None
    return str(row["artifact_sha256"])


def artifacts_unchanged(connection: Connection[Any], version: Version) -> bool:
    """Whether the artifacts on record are those that the version was trained with."""
    with translated():
        row = _QUERIES.execute(connection, "artifact_digest", id=version.id).fetchone()
    return row is not None and row["digest"] == version.artifact_sha256


def evaluated(connection: Connection[Any], version: Version, *, job_id: int) -> None:
    """Metrics are on record: a trained version moves on; one that has got further stays where it is."""
    _QUERIES.execute(connection, "evaluated", id=version.id, job_id=job_id)


def fail_in_the_making(connection: Connection[Any], *, job_id: int) -> None:
    """A version that this job began and will not finish has failed."""
    _QUERIES.execute(connection, "fail_in_the_making", job_id=job_id)


def find(connection: Connection[Any], name: str, number: int | None) -> Version:
    """A model's version; without a number, the newest that was trained.

    Raises:
        UnknownVersion: there is none.
    """
    with translated():
        newest = _QUERIES.execute(connection, "newest", name=name).fetchone()
        row = newest if number is None else _QUERIES.execute(connection, "find", name=name, number=number).fetchone()
    if row is None:
        wanted = "no version that was trained" if number is None else f"no version {number}"
        raise UnknownVersion(
            f"{name} has {wanted}",
            where="the parameter version",
            expected="train it first" if newest is None else f"a number up to {newest['number']}",
        )
    return _version(row)


def transitions(connection: Connection[Any]) -> list[Mapping[str, Any]]:
    """The state machine as rows: kind, from_status (None: the beginning), to_status, job_type, meaning."""
    with translated():
        return list(_QUERIES.execute(connection, "transitions"))
