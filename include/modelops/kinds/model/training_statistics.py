"""Statistics of the columns of a training's rows, with which later batches are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.data.arrow_files import batches, opened
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelops.domain.datasets import Dataset


def training_statistics(rows: Path, dataset: Dataset) -> Mapping[str, list[dict[str, Any]]]:
    """Records of the features' and the targets' statistics, from the Arrow file that the training read, in one pass."""
    with opened(rows) as reader:
        columns = {"feature": dataset.feature_names, "target": dataset.target_names}
        statistics = {role: TableStatistics(reader.schema, columns=names) for role, names in columns.items()}
        for batch in batches(reader, rows):
            for one in statistics.values():
                one.update(batch)
    return {role: one.as_records() for role, one in statistics.items()}
