"""The model of docs/tutorial/your-own-model.md, as its page prints it, on the flights: it predicts something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from documents import ROOT, blocks
from integration.demo.conftest import FLIGHTS
from integration.lifecycle.conftest import workplace_in
from integration.lifecycle.life import answered, evaluated, predicted, put_into_production

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace

PAGE = ROOT / "docs/tutorial/your-own-model.md"
MODEL = "here/risk"
AUGUST = 29_327


@pytest.fixture
def workplace(
    flights: Database, copy_of: Callable[[str], AbstractContextManager[Database]], tmp_path: Path
) -> Iterator[Workplace]:
    assert flights.name == FLIGHTS
    with copy_of(FLIGHTS) as database:
        (tmp_path / "artifacts").mkdir()
        with database.connect() as connection:
            yield workplace_in(tmp_path, database, connection, [])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder that the page describes, from its own blocks of code."""
    folder = tmp_path / "repository" / "model_definitions" / "risk"
    (folder / "model_modules").mkdir(parents=True)
    datasets, *_ = [block.text for block in blocks(PAGE, "yaml") if "entity_key" in block.text]
    training, evaluation, scoring = (block.text for block in blocks(PAGE, "python"))
    requirements = next(block.text for block in blocks(PAGE, "text") if block.text.startswith("numpy"))
    files = {
        "model.json": json.dumps({"id": "risk", "name": "Delay risk", "description": "…", "language": "python"}),
        "config.json": '{"hyperParameters": {"C": 1.0}}',
        "datasets.yaml": datasets,
        "model_modules/__init__.py": "",
        "model_modules/training.py": training,
        "model_modules/evaluation.py": evaluation,
        "model_modules/scoring.py": scoring,
        "model_modules/requirements.txt": requirements,
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_the_tutorials_model_predicts_what_is_late(workplace: Workplace, model: Path) -> None:
    result = evaluated(workplace, MODEL, hyperparameters={"C": 0.1})
    assert result["metrics"]["auc"] == pytest.approx(0.70, abs=0.01), "as the page says"
    answered(workplace, result["version"], model=MODEL)
    deployment = put_into_production(workplace, result["version"], MODEL)["deployment"]
    assert predicted(workplace, deployment)["rows"] == AUGUST
    # Flights that were late are likelier to have been predicted so: the truth of August, which the model hasn't seen.
    asked = """
    SELECT avg(late_probability) FILTER (WHERE arr_delay > 15) - avg(late_probability) FILTER (WHERE arr_delay <= 15)
    FROM predictions.risk JOIN flights.flights USING (flight_id)
    """
    with psycopg.connect(workplace.resources.rows_url) as connection:
        row = connection.execute(asked).fetchone()
    assert row is not None
    assert row[0] > 0.02
