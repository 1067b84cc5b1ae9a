"""Drift of the demonstration's features: what moves from the first half of the year to July, and what doesn't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from modelops.data.arrow_files import batches, opened
from modelops.data.snapshot import write_rows
from modelops.domain.drift import Rule, Verdict
from modelops.repository.definition import read_model
from modelops.settings import PROJECT_ROOT
from modelops.statistics.drift import compare_all
from modelops.statistics.reference import Rows, reference_records
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from conftest import Database
    from modelops.statistics.drift import Comparison

MODEL = read_model(PROJECT_ROOT / "include/demo/model_definitions/arrival_delay", "demo/arrival_delay")
FEATURES = list(MODEL.datasets.features)
RULE = Rule()
SEEDS = 20
OF_MONTHS = "SELECT * FROM features.flight_features WHERE month BETWEEN {} AND {} ORDER BY flight_id"
Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def flights_of(flights: Database, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Reads the features of some months into a file."""
    folder: Path = tmp_path_factory.mktemp("flights")

    def read(first: int, last: int) -> Path:
        file = folder / f"{first}-{last}.arrow"
        url = flights.url("modelops_sql")
        return write_rows(url, OF_MONTHS.format(first, last), file, where="the flights").path

    return read


@pytest.fixture(scope="module")
def first_half(flights_of: Any) -> Records:
    return reference_of(flights_of(1, 6))


@pytest.fixture(scope="module")
def july(flights_of: Any) -> Path:
    path: Path = flights_of(7, 7)
    return path


def reference_of(path: Path) -> Records:
    with opened(path) as reader:
        rows = Rows.of(lambda: batches(reader, path), reader.schema, key=["flight_id"])
        return reference_records(rows, columns=FEATURES)


def compared(reference: Records, rows: pa.Table) -> dict[str, Comparison]:
    counted = TableStatistics.with_bins_of(reference, columns=FEATURES)
    for batch in rows.to_batches():
        counted.update(batch)
    by_name = {record["variable"]: record for record in reference}
    return {one.variable: one for one in compare_all(by_name, counted.as_records(), RULE, remedies={})}


def table(path: Path) -> pa.Table:
    with opened(path) as reader:
        return reader.read_all()


def test_no_feature_has_rows_of_its_training_beside_its_bins(first_half: Records) -> None:
    for record in first_half:
        bins = record["values"]["reference"]
        if "edges" in bins:
            below, *_, above, _, _ = (sum(counts) for counts in zip(*bins["blocks"], strict=True))
            assert (below, above) == (0, 0), record["variable"]


def test_july_against_the_months_before(first_half: Records, july: Path) -> None:
    found = compared(first_half, table(july))
    for name in ("month", "temp", "dewp"):
        assert found[name].verdict is Verdict.MAJOR, found[name]
        assert found[name].index > found[name].natural, found[name]
    for name in ("departure_hour", "origin", "plane_engine"):
        assert found[name].verdict is Verdict.STABLE, found[name]


def test_halves_of_july_have_not_moved(july: Path, tmp_path: Path) -> None:
    from modelops.data.arrow_files import write_table

    whole = table(july)
    for seed in range(SEEDS):
        first = np.random.default_rng(seed).permutation(len(whole)) < len(whole) // 2
        half = tmp_path / f"{seed}.arrow"
        write_table(whole.filter(first), half)
        found = compared(reference_of(half), whole.filter(~first))
        assert {one.verdict for one in found.values()} <= {Verdict.STABLE, Verdict.REFERENCE_TOO_SMALL}, seed
