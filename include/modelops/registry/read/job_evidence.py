"""The evidence, files and predictions of a job for web pages. See `sql/job_evidence.sql`.

A user who may see a job need not be allowed to see related jobs: only data of jobs in the given DAGs is returned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.declaration import Evidence
from modelops.domain.job_types import JobType, with_evidence
from modelops.domain.jobs import JobId
from modelops.domain.versions import Artifact, ArtifactRole
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection

_QUERIES = Queries("job_evidence")
MAX_CATEGORIES = 20
"""Maximum categories of a column that are returned."""


@dataclass(frozen=True, kw_only=True)
class JobFile:
    """A file and the job that produced it."""

    artifact: Artifact
    job_id: JobId
    job_type: JobType


def evidence_of(connection: Connection[Any], dag_ids: Sequence[str], job_id: JobId) -> dict[str, Any] | None:
    """The provenance and evaluations of the job's version, and the champion's; None if there is no version.

    The keys are those of the function `modelops.evidence`.
    """
    with translated():
        row = _QUERIES.execute(
            connection, "evidence", id=job_id, dag_ids=list(dag_ids), with_evidence=with_evidence()
        ).fetchone()
    return None if row is None else dict(row["evidence"])


def details_of(
    connection: Connection[Any], dag_ids: Sequence[str], job_id: JobId, digest: str
) -> Mapping[str, Any] | None:
    """The details of an evaluation of the job's version; empty if it has none, None if there is no such evaluation."""
    with translated():
        row = _QUERIES.execute(
            connection,
            "evaluation_details",
            id=job_id,
            digest=digest,
            dag_ids=list(dag_ids),
            with_evidence=with_evidence(),
        ).fetchone()
    return None if row is None else row["details"] or {}


def artifacts_of(connection: Connection[Any], dag_ids: Sequence[str], job_id: JobId) -> list[JobFile]:
    """The files of a job, by role and name."""
    with translated():
        rows = _QUERIES.execute(
            connection,
            "artifacts",
            id=job_id,
            dag_ids=list(dag_ids),
            with_evidence=with_evidence(),
            of_version=with_evidence(Evidence.OF_VERSION, Evidence.ALL),
            of_all_evaluations=with_evidence(Evidence.ALL),
        )
        return [
            JobFile(
                job_id=JobId(row.pop("job_id")),
                job_type=JobType(row.pop("job_type")),
                artifact=Artifact(**{**row, "role": ArtifactRole(row["role"])}),
            )
            for row in rows
        ]


def statistics_of(connection: Connection[Any], job_id: JobId) -> list[Mapping[str, Any]]:
    """The column statistics that a job recorded: for its version, or for the batch that it published.

    Each has `role`, `variable`, `kind` and `values`, with the most frequent categories only.
    """
    with translated():
        rows = list(_QUERIES.execute(connection, "statistics", id=job_id))
    return [row | {"values": _shortened(row["values"])} for row in rows]


def _shortened(values: Mapping[str, Any]) -> dict[str, Any]:
    if "frequencies" not in values:
        return dict(values)
    counts = {**values["frequencies"], **(values.get("unseen") or {})}
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_CATEGORIES]
    return {**values, "frequencies": {name: count for name, count in most if count}, "unseen": None}


def published_by(connection: Connection[Any], dag_ids: Sequence[str], job_id: JobId) -> Mapping[str, Any] | None:
    """The published run of a job; None if it has published nothing.

    `target`, `deployment_id`, `rows`, `set_aside`, `published_at`, `superseded_at`, and `check_job_id`, the job of its
    newest drift check.
    """
    with translated():
        return _QUERIES.execute(connection, "published", id=job_id, dag_ids=list(dag_ids)).fetchone()
