"""Statistics of the columns of a training's rows, with which later batches are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened
from modelops.statistics.reference import Rows, reference_records

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.domain.datasets import Dataset


def training_statistics(rows: Path, dataset: Dataset) -> Mapping[str, list[dict[str, Any]]]:
    """Records of the features' and the targets' statistics and references, from the file that training reads."""
    columns = {"feature": dataset.feature_names, "target": dataset.target_names}
    with opened(rows) as reader:
        all_rows = Rows.of(lambda: batches(reader, rows), reader.schema, key=dataset.entity_key)
        return {role: reference_records(all_rows, columns=names) for role, names in columns.items()}
