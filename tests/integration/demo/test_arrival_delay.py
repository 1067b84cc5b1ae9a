"""What the demonstration's model reads of the real flights. How good it is: tests/e2e/test_demo.py."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from modelops.data.snapshot import write_snapshot
from modelops.repository.definition import read_model
from modelops.runner.demo import MONTHS
from unit.demo.arrival_delay import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from modelops.data.snapshot import Snapshot

KNOWN_AFTERWARDS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}

model = read_model(FOLDER, "demo/arrival_delay")


@pytest.fixture
def rows(flights: Database, tmp_path: Path) -> Callable[[str], Snapshot]:
    """Reads a dataset as a job would; the one to predict has no targets."""

    def read(name: str) -> Snapshot:
        dataset = model.datasets.choose(name, where="the test")
        path = tmp_path / f"{name}.arrow"
        return write_snapshot(flights.url("modelops_sql"), dataset, path, where=name, labelled=name != "predict")

    return read


def test_the_datasets_have_the_rows_that_the_readme_counts(rows: Callable[[str], Snapshot]) -> None:
    counted = {name: rows(name).rows for name in ("train", "evaluate", "evaluate_september", "predict")}
    assert counted == {"train": 160_678, "evaluate": 28_293, "evaluate_september": 27_010, "predict": 29_327}


def test_the_labels_and_the_departures_are_those_that_the_readme_counts(flights: Database) -> None:
    departing = model.datasets.sql["predict_departures"]
    with flights.connect("modelops_sql") as connection:
        asked = f"SELECT count(*), round(100 * avg(late), 1) FROM ({model.datasets.sql['truth']}) AS labels"
        assert connection.execute(asked).fetchone() == (327_346, Decimal("23.7"))
        for interval, rows in zip(MONTHS.values(), (29_327, 27_574), strict=True):
            for end, moment in interval.items():
                connection.execute("SELECT set_config(%s, %s, false)", (f"modelops.{end}", moment))
            assert connection.execute(f"SELECT count(*) FROM ({departing}) AS departing").fetchone() == (rows,)


def test_half_as_many_flights_are_late_in_september_as_in_july(flights: Database) -> None:
    """Among the departures whose labels are known: this is the `positive_rate` of their predictions' performance."""
    july = {"interval_start": "2013-07-01T00:00:00-04:00", "interval_end": "2013-08-01T00:00:00-04:00"}
    sql, late = model.datasets.sql, []
    labelled = f"({sql['predict_departures']}) AS departing JOIN ({sql['truth']}) AS labels USING (flight_id)"
    with flights.connect("modelops_sql") as connection:
        for interval in ({"July": july} | dict(MONTHS)).values():
            for end, moment in interval.items():
                connection.execute("SELECT set_config(%s, %s, false)", (f"modelops.{end}", moment))
            late += connection.execute(f"SELECT round(100 * avg(late), 1) FROM {labelled}").fetchone() or ()
    assert late == [Decimal("31.5"), Decimal("23.8"), Decimal("13.2")]


def test_the_datasets_have_the_declared_columns_in_the_same_types(rows: Callable[[str], Snapshot]) -> None:
    declared = [*model.datasets.entity_key, *model.datasets.features]
    train = rows("train").columns
    assert list(train) == [*declared, *model.datasets.targets]
    assert rows("evaluate").columns == rows("evaluate_september").columns == train
    assert list(rows("predict").columns.items()) == list(train.items())[: len(declared)]


def test_the_same_rows_have_the_same_hash(rows: Callable[[str], Snapshot]) -> None:
    assert rows("evaluate").sha256 == rows("evaluate").sha256


def test_what_is_known_before_departure_comes_from_nothing_that_is_known_after(flights: Database) -> None:
    with flights.connect("modelops_owner") as connection:
        used = connection.execute(
            "SELECT column_name FROM information_schema.view_column_usage"
            " WHERE view_schema = 'features' AND view_name = 'flight_features'"
        ).fetchall()
    columns = {name for (name,) in used}
    assert "sched_arr_time" in columns
    assert columns & KNOWN_AFTERWARDS == set()
