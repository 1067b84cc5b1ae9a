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
    roles = dict.fromkeys(dataset.feature_names, "feature") | dict.fromkeys(dataset.target_names, "target")
    with opened(rows) as reader:
        all_rows = Rows.of(lambda: batches(reader, rows), reader.schema, key=dataset.entity_key)
        records = reference_records(all_rows, columns=list(roles))
    return {role: [record for record in records if roles[record["variable"]] == role] for role in ("feature", "target")}
