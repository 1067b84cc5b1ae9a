"""The references of a model's version: statistics in whose bins later batches are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened
from modelops.registry.write import statistics
from modelops.statistics.reference import Rows, reference_records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset
    from modelops.domain.versions import Version
    from modelops.jobs.run import JobRun
    from modelops.kinds.model.scored_rows import ScoredRows

Records = list[dict[str, Any]]


def of_rows(path: Path, dataset: Dataset) -> Mapping[str, Records]:
    """The references of the features and of the targets, by role, from a file of labelled rows."""
    roles = dict.fromkeys(dataset.feature_names, "feature") | dict.fromkeys(dataset.target_names, "target")
    with opened(path) as reader:
        rows = Rows.of(lambda: batches(reader, path), reader.schema, key=dataset.entity_key)
        records = reference_records(rows, columns=list(roles))
    return {role: [record for record in records if roles[record["variable"]] == role] for role in ("feature", "target")}


def of_predictions(found: ScoredRows) -> Records:
    """The reference of a version's predictions, from rows that its ModelScorer has scored."""
    rows = Rows.of(found.batches, found.reader.schema, key=found.key)
    return reference_records(rows, columns=[name for name in found.reader.schema.names if name not in found.key])


def record(
    version: Version,
    dataset: Dataset,
    rows: Snapshot,
    records: Mapping[str, Records],
    run: JobRun,
    *,
    warnings: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Record a reference that was computed from these rows; within the transaction of `run.fenced`.

    `warnings` are those about the features of an imported model; None for other references.
    """
    statistics.add_reference(
        run.ledger,
        version,
        run.attempt,
        dataset=dataset,
        data_sha256=rows.sha256,
        data_rows=rows.rows,
        records=records,
        warnings=warnings,
    )
