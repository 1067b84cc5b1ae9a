"""What trainings and batches record of their columns, so that the one can be compared with the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from factories import DATASETS, SCORING, model_folder
from integration.lifecycle.life import approved, predicted, put_into_production, trained
from modelops.registry.write import runs, versions
from modelops.statistics.reference import BLOCKS, cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workplace import Workplace

REVERSED = DATASETS.replace("ORDER BY id", "ORDER BY -id")


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """`here/scored` v1 is approved."""

    def live(workplace: Workplace, repository: Path) -> None:
        model_folder(repository, "scored", scoring=SCORING)
        approved(workplace)

    return live


def of_version(workplace: Workplace, model: str) -> dict[tuple[str, str], Any]:
    version = versions.find(workplace.connection, model, 1)
    records = runs.statistics_of_version(workplace.connection, version.id)
    return {(record["role"], record["variable"]): record for record in records}


def test_a_training_records_the_reference_of_all_its_rows(workplace: Workplace) -> None:
    found = of_version(workplace, "here/scored")
    assert set(found) == {("feature", "x"), ("feature", "y"), ("target", "late")}
    for record in found.values():
        blocks = record["values"]["reference"]["blocks"]
        assert len(blocks) == BLOCKS
        assert sum(map(sum, blocks)) == 60
        below, *_, above, _, _ = (sum(counts) for counts in zip(*blocks, strict=True))
        assert (below, above) == (0, 0)
    assert len(found["target", "late"]["values"]["reference"]["edges"]) == 4


def test_it_does_not_depend_on_the_order_of_the_rows(workplace: Workplace, repository: Path) -> None:
    model_folder(repository, "reversed", scoring=SCORING, datasets=REVERSED)
    trained(workplace, "here/reversed")
    found, other = (of_version(workplace, model) for model in ("here/scored", "here/reversed"))
    for which, record in found.items():
        assert other[which]["values"]["reference"] == record["values"]["reference"]


def test_a_batch_is_counted_in_the_bins_of_the_training(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    found = of_version(workplace, "here/scored")
    counted = []
    for _ in range(2):
        run = predicted(workplace, deployment)["run"]
        records = [one for one in runs.statistics_of_run(workplace.connection, run) if one["role"] == "feature"]
        counted.append({record["variable"]: cells(record) for record in records})
        for record in records:
            reference = found["feature", record["variable"]]["values"]["reference"]
            assert record["values"]["bins"]["edges"] == reference["edges"]
            assert sum(cells(record)) == 100
    assert counted[0] == counted[1]
