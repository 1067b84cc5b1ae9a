"""Versions of models and feature tasks, and their state machine. See `sql/versions.sql`.

Functions that write are part of a caller's transaction, which is fenced (`jobs.fenced`).
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.errors import UnknownVersion
from modelops.domain.spelling import did_you_mean
from modelops.domain.versions import Version, VersionKind, VersionStatus
from modelops.registry.queries import Queries
from modelops.registry.translation import translated
from modelops.registry.write import evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.decisions import Verdict
    from modelops.domain.versions import Artifact, VersionId

_QUERIES = Queries("versions")
MAX_NAMES = 1000


def _version(row: Mapping[str, Any]) -> Version:
    values = {field.name: row[field.name] for field in fields(Version)}
    values |= {"kind": VersionKind(row["kind"]), "status": VersionStatus(row["status"]), "dirty": bool(row["dirty"])}
    return Version(**values)


def begin(
    connection: Connection[Any], *, name: str, job_id: int, created_by: str, kind: VersionKind = VersionKind.MODEL
) -> Version:
    """Create the next version of a model or a feature task, for this job."""
    lock_name(connection, name)
    row = _QUERIES.execute(
        connection,
        "begin",
        kind=kind,
        name=name,
        job_id=job_id,
        created_by=created_by,
    ).fetchone()
    assert row is not None
    return _version(row)


def lock_name(connection: Connection[Any], name: str) -> None:
    """Lock the versions of a name until the end of the transaction: nobody else creates one."""
    _QUERIES.execute(connection, "lock_numbers", name=name)


def in_the_making(connection: Connection[Any], *, job_id: int) -> Version | None:
    """The unfinished version that an earlier attempt at this job has created; None if there is none."""
    with translated():
        row = _QUERIES.execute(connection, "in_the_making", job_id=job_id).fetchone()
    return None if row is None else _version(row)


def of_job(connection: Connection[Any], *, job_id: int) -> Version | None:
    """The version that an earlier attempt has recorded as the job's subject; None if there is none."""
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
    resources: Mapping[str, Any],
) -> Version:
    """Record the version's code, requirements, hyperparameters and resources; they can be recorded only once."""
    row = _QUERIES.execute(
        connection,
        "pin",
        id=version.id,
        hyperparameters=Jsonb(hyperparameters),
        commit=commit,
        dirty=dirty,
        code_sha256=code_sha256,
        requirements_sha256=requirements_sha256,
        resources=Jsonb(resources),
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
    columns_with_nulls: Sequence[str],
) -> str:
    """Record the rows of the training, and move the version to trained.

    Its artifacts must be recorded before. Returns their common hash, which the database computes.
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
        columns_with_nulls=list(columns_with_nulls),
    ).fetchone()
    assert row is not None
    return str(row["artifact_sha256"])


def imported(
    connection: Connection[Any],
    version: Version,
    *,
    job_id: int,
    definition: Mapping[str, Any],
    commit: str | None,
    dirty: bool,
    code_sha256: str,
    requirements_sha256: str,
    resources: Mapping[str, Any],
    artifacts: Iterable[Artifact],
    columns: Mapping[str, str] | None = None,
) -> Version:
    """Record the inputs of a feature task's version, or the file of a model's, and move it to imported.

    `columns` maps each column of a model's dataset to its Arrow type.
    """
    _QUERIES.execute(
        connection,
        "import",
        id=version.id,
        definition=Jsonb(definition),
        columns=None if columns is None else Jsonb(columns),
        commit=commit,
        dirty=dirty,
        code_sha256=code_sha256,
        requirements_sha256=requirements_sha256,
        resources=Jsonb(resources),
    )
    evidence.add_artifacts(connection, artifacts, version_id=version.id)
    row = _QUERIES.execute(connection, "imported", id=version.id, job_id=job_id).fetchone()
    assert row is not None
    return _version(row)


def of_file(
    connection: Connection[Any], *, name: str, identity: str, code_sha256: str, requirements_sha256: str
) -> Version | None:
    """The version in use that the same file became; None if there is none.

    Args:
        connection: of the ledger.
        name: the reference of the model.
        identity: the hash of the file and of the request that imported it.
        code_sha256: the hash of its folder.
        requirements_sha256: the hash of its packages.
    """
    with translated():
        row = _QUERIES.execute(
            connection,
            "of_file",
            name=name,
            identity=identity,
            code_sha256=code_sha256,
            requirements_sha256=requirements_sha256,
        ).fetchone()
    return None if row is None else _version(row)


def artifacts_unchanged(connection: Connection[Any], version: Version) -> bool:
    """Whether the recorded artifacts still have the hash that was recorded with the version."""
    with translated():
        row = _QUERIES.execute(connection, "artifact_digest", id=version.id).fetchone()
    return row is not None and row["digest"] == version.artifact_sha256


def lock(connection: Connection[Any], version: Version) -> None:
    """Lock the version until the end of the transaction: what is decided about it here, is decided once."""
    with translated():
        _QUERIES.execute(connection, "lock", id=version.id)


def evaluated(connection: Connection[Any], version: Version, *, job_id: int) -> None:
    """Move a trained or imported version to evaluated, and a feature task's to tested; others keep their status."""
    _QUERIES.execute(connection, "evaluated", id=version.id, job_id=job_id)


def decided(connection: Connection[Any], version_id: VersionId, verdict: Verdict, *, job_id: int) -> None:
    """Move the version to approved or rejected, after a decision was recorded."""
    with translated():
        _QUERIES.execute(connection, "decided", id=version_id, verdict=verdict, job_id=job_id)


def newest_with(
    connection: Connection[Any],
    name: str,
    statuses: Iterable[VersionStatus],
    *,
    kind: VersionKind = VersionKind.MODEL,
) -> Version | None:
    """The newest version in one of these statuses."""
    with translated():
        row = _QUERIES.execute(connection, "newest_with", kind=kind, name=name, statuses=list(statuses)).fetchone()
    return None if row is None else _version(row)


def fail_in_the_making(connection: Connection[Any], *, job_id: int) -> None:
    """Move an unfinished version of this job, which the job will not complete, to failed."""
    _QUERIES.execute(connection, "fail_in_the_making", job_id=job_id)


def find(
    connection: Connection[Any], name: str, number: int | None, *, kind: VersionKind = VersionKind.MODEL
) -> Version:
    """The version of that number; without a number, the newest that is neither rejected nor retired.

    Raises:
        UnknownVersion: there is no such version.
    """
    with translated():
        query = "newest" if number is None else "find"
        row = _QUERIES.execute(connection, query, kind=kind, name=name, number=number).fetchone()
        highest = _QUERIES.execute(connection, "highest", kind=kind, name=name).fetchone()
    if row is not None:
        return _version(row)
    assert highest is not None
    make = "train or import" if kind is VersionKind.MODEL else "import"
    if highest["number"] is None:
        wanted, expected = f"no version{close_names(connection, name, kind=kind)}", f"{make} it first"
    elif number is None:
        wanted, expected = "no version that is still in use", f"{make} it again"
    else:
        wanted, expected = f"no version {number}", f"a number up to {highest['number']}"
    raise UnknownVersion(f"{name} has {wanted}", where="the parameter version", expected=expected)


def names(connection: Connection[Any], kind: VersionKind, *, limit: int = MAX_NAMES) -> list[str]:
    """The models or feature tasks that have a version, those with the newest versions first."""
    with translated():
        return [row["name"] for row in _QUERIES.execute(connection, "names", kind=kind, limit=limit)]


def close_names(connection: Connection[Any], name: str, *, kind: VersionKind) -> str:
    """Suggestions of similar names, to end a message about a name without a version; empty if there are none."""
    known = names(connection, kind)
    return "" if name in known else did_you_mean(name, known)
