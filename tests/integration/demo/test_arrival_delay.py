"""The demonstration's model on the real flights: what it reads, and how good it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo.load import load
from modelops.data.snapshot import write_snapshot
from modelops.repository.definition import read_model
from modelops.runtime.environment import Environment, Lock
from modelops.runtime.process import Assignment, run_child
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Database
    from modelops.data.snapshot import Snapshot
    from modelops.domain.datasets import Dataset

FOLDER = PROJECT_ROOT / "include" / "demo" / "model_definitions" / "arrival_delay"
KNOWN_AFTERWARDS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}

model = read_model(FOLDER, "demo/arrival_delay")


def dataset(name: str) -> Dataset:
    return model.datasets.choose(name, where="the test")


@pytest.fixture
def rows(database: Database, tmp_path: Path) -> Callable[[str], Snapshot]:
    """Reads a dataset as a job would."""
    load(database.owner_url)

    def read(name: str) -> Snapshot:
        path = tmp_path / f"{name}.arrow"
        url = database.url("modelops_sql")
        return write_snapshot(url, dataset(name), path, where=name, labelled=name != "predict")

    return read


def run(
    verb: Any, seen: Snapshot, name: str, folder: Path, *, trained: Path | None = None, **hyperparameters: Any
) -> str:
    """Run one function of the model in a process of its own; gives what it printed."""
    lines: list[str] = []
    assignment = Assignment(
        verb=verb,
        model_folder=FOLDER,
        rows=seen.path,
        artifact_input=trained,
        artifact_output=folder,
        hyperparameters={**model.hyperparameters, **hyperparameters},
        dataset=dataset(name),
        project_id="demo",
        model_id=model.model_id,
        model_version="1",
        job_id="test",
    )
    here = Environment(python=Path(sys.executable), lock=Lock(text=None, sha256="0" * 64))
    run_child(assignment, environment=here, workdir=folder / "work", memory=None, on_line=lines.append)
    return "\n".join(lines)


def test_the_datasets_have_the_rows_that_the_readme_counts(rows: Callable[[str], Snapshot]) -> None:
    counted = {name: rows(name).rows for name in model.datasets.sql}
    assert counted == {"train": 160_678, "evaluate": 28_293, "evaluate_september": 27_010, "predict": 29_327}


def test_the_datasets_have_the_columns_that_are_declared_in_the_same_types(rows: Callable[[str], Snapshot]) -> None:
    declared = [*model.datasets.entity_key, *model.datasets.features]
    train = rows("train").columns
    assert list(train) == [*declared, *model.datasets.targets]
    assert rows("evaluate").columns == rows("evaluate_september").columns == train
    assert list(rows("predict").columns.items()) == list(train.items())[: len(declared)]


def test_the_same_rows_have_the_same_hash(rows: Callable[[str], Snapshot]) -> None:
    assert rows("evaluate").sha256 == rows("evaluate").sha256


def test_what_is_known_before_departure_comes_from_nothing_that_is_known_after(database: Database) -> None:
    load(database.owner_url)
    with database.connect("modelops_owner") as connection:
        used = connection.execute(
            "SELECT column_name FROM information_schema.view_column_usage"
            " WHERE view_schema = 'flights' AND view_name = 'departures'"
        ).fetchall()
    columns = {name for (name,) in used}
    assert "sched_arr_time" in columns
    assert columns & KNOWN_AFTERWARDS == set()


@pytest.mark.parametrize(
    ("estimator", "july", "september"), [("logistic_regression", 0.728, 0.681), ("gradient_boosting", 0.758, 0.723)]
)
def test_the_model_is_as_good_as_the_readme_says(
    rows: Callable[[str], Snapshot], tmp_path: Path, estimator: str, july: float, september: float
) -> None:
    trained = tmp_path / "trained"
    said = run("train", rows("train"), "train", trained, estimator=estimator)
    assert said.startswith("160,678 flights, 24.9% of them late, 23 features\n")

    for name, expected in (("evaluate", july), ("evaluate_september", september)):
        folder = tmp_path / name
        run("evaluate", rows(name), name, folder, trained=trained)
        metrics = json.loads((folder / "metrics.json").read_text())
        assert metrics["auc"] == pytest.approx(expected, abs=0.005), name
