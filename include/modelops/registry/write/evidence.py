"""Artifacts and evaluations of jobs. Append-only. See `sql/evidence.sql`.

Functions that write are part of a caller's transaction, which is fenced (`jobs.fenced`).
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.text import storable
from modelops.domain.versions import Artifact, ArtifactRole, Evaluation, VersionId
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import Version

_QUERIES = Queries("evidence")


def add_artifacts(
    connection: Connection[Any],
    artifacts: Iterable[Artifact],
    *,
    version_id: VersionId | None = None,
    evaluation_id: int | None = None,
) -> None:
    """Record stored files as those of a version or an evaluation."""
    for artifact in artifacts:
        _QUERIES.execute(
            connection,
            "add_artifact",
            version_id=version_id,
            evaluation_id=evaluation_id,
            role=artifact.role,
            name=artifact.name,
            sha256=artifact.sha256,
            size=artifact.size,
            media_type=artifact.media_type,
            uri=artifact.uri,
        )


def artifacts_of(connection: Connection[Any], version_id: VersionId) -> list[Artifact]:
    """The files of a version, by role and name."""
    with translated():
        rows = _QUERIES.execute(connection, "artifacts_of_version", version_id=version_id)
        return [Artifact(**{**row, "role": ArtifactRole(row["role"])}) for row in rows]


def add_evaluation(
    connection: Connection[Any],
    version: Version,
    attempt: Attempt,
    *,
    dataset: Mapping[str, Any],
    data_sha256: str,
    data_rows: int,
    metrics: Mapping[str, Any],
    statistics: Sequence[Mapping[str, Any]] | None = None,
    details: Mapping[str, Any] | None = None,
) -> tuple[int, str]:
    """Record an evaluation: metrics, for a feature task the statistics of its rows, for a model its details.

    Returns the evaluation's id and the digest that the database computed.
    """
    row = _QUERIES.execute(
        connection,
        "add_evaluation",
        version_id=version.id,
        artifact_sha256=version.artifact_sha256,
        job_id=attempt.job_id,
        attempt=attempt.number,
        dataset=Jsonb(dataset),
        data_sha256=data_sha256,
        data_rows=data_rows,
        metrics=Jsonb(storable(metrics)),
        statistics=None if statistics is None else Jsonb(storable(list(statistics))),
        details=None if details is None else Jsonb(storable(details)),
    ).fetchone()
    assert row is not None
    return row["id"], row["digest"]


def evaluations_of(connection: Connection[Any], version_id: VersionId) -> list[Evaluation]:
    """The evaluations of a version, newest first."""
    with translated():
        return [
            _evaluation(row) for row in _QUERIES.execute(connection, "evaluations_of_version", version_id=version_id)
        ]


def newest_evaluation(connection: Connection[Any], version_id: VersionId) -> Evaluation | None:
    """The newest evaluation of a version."""
    with translated():
        row = _QUERIES.execute(connection, "newest_evaluation", version_id=version_id).fetchone()
    return None if row is None else _evaluation(row)


def compared_with(connection: Connection[Any], version_id: VersionId) -> Evaluation | None:
    """The champion's evaluation with which the card compares a version."""
    with translated():
        row = _QUERIES.execute(connection, "compared_with", version_id=version_id).fetchone()
    return None if row is None else _evaluation(row)


def _evaluation(row: Mapping[str, Any]) -> Evaluation:
    return Evaluation(**{field.name: row[field.name] for field in fields(Evaluation)})
