"""Statistics of columns, and the references that batches are compared with. Append-only. See `sql/statistics.sql`.

Functions that write are part of a caller's transaction, which is fenced (`jobs.fenced`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from modelops.domain.text import storable
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection

    from modelops.domain.datasets import Dataset
    from modelops.domain.jobs import Attempt
    from modelops.domain.versions import Version, VersionId

_QUERIES = Queries("statistics")


def add(
    connection: Connection[Any],
    role: str,
    records: Iterable[Mapping[str, Any]],
    *,
    run_id: int | None = None,
    version_id: VersionId | None = None,
    reference_id: int | None = None,
) -> None:
    """Record the column statistics of a run, of a version's training, or of a reference."""
    with translated():
        for record in records:
            _QUERIES.execute(
                connection,
                "add_statistics",
                version_id=version_id,
                run_id=run_id,
                reference_id=reference_id,
                role=role,
                variable=record["variable"],
                kind=record["kind"],
                values=Jsonb(storable(record["values"])),
            )


def add_reference(
    connection: Connection[Any],
    version: Version,
    attempt: Attempt,
    *,
    dataset: Dataset,
    data_sha256: str,
    data_rows: int,
    records: Mapping[str, Iterable[Mapping[str, Any]]],
    warnings: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Record a reference: rows, and by role the statistics of their columns. Later batches are counted in its bins.

    `warnings` are those about the features of an imported model; None for other references.
    """
    with translated():
        row = _QUERIES.execute(
            connection,
            "add_reference",
            version_id=version.id,
            artifact_sha256=version.artifact_sha256,
            job_id=attempt.job_id,
            attempt=attempt.number,
            dataset=Jsonb(dataset.as_record()),
            data_sha256=data_sha256,
            data_rows=data_rows,
            warnings=None if warnings is None else Jsonb(list(warnings)),
        ).fetchone()
    assert row is not None
    for role, of_role in records.items():
        add(connection, role, of_role, reference_id=row["id"])


def in_use(connection: Connection[Any], version_id: VersionId) -> list[Mapping[str, Any]]:
    """The newest statistics of a version's columns, with their references.

    Each has `role`, `variable`, `kind`, `values` and `reference_id`, which is None for those of the training.
    """
    with translated():
        return list(_QUERIES.execute(connection, "in_use", version_id=version_id))


def has_reference(connection: Connection[Any], version_id: VersionId, role: str) -> bool:
    """Whether columns of this role have a reference beside that of the training."""
    with translated():
        row = _QUERIES.execute(connection, "has_reference", version_id=version_id, role=role).fetchone()
    return row is not None and bool(row["found"])


def of_run(connection: Connection[Any], run_id: int) -> list[Mapping[str, Any]]:
    """The statistics of a run: role, variable, kind, values."""
    with translated():
        return list(_QUERIES.execute(connection, "of_run", run_id=run_id))
