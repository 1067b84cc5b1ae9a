"""The types that a model's code gets are those of its training, in every later job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from factories import model_folder
from integration.lifecycle.life import deployed, predicted, scorer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from workplace import Workplace

DATASETS = """
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: SELECT id, x, nullif(id, 7) AS y, late FROM measured WHERE id <= 60 ORDER BY id
  evaluate: SELECT id, x, id AS y, late FROM measured WHERE id > 60 ORDER BY id
  predict: SELECT id, x, id AS y FROM measured
"""
EVALUATION = """
import json, pathlib

def evaluate(context, **kwargs):
    print("evaluated as", context.read_pandas()["y"].dtype)
    (pathlib.Path(context.artifact_output_path) / "metrics.json").write_text(json.dumps({"shift": 0}))
"""


def test_types_are_those_of_the_training(
    workplace: Workplace, repository: Path, look: Callable[[str], list[Any]], log: list[str]
) -> None:
    """An integer with a null in training is a float in every batch, also in those without a null."""
    scoring = scorer("return 'key ' + data['y'].astype(str)")
    model_folder(repository, "scored", datasets=DATASETS, evaluation=EVALUATION, scoring=scoring)
    made = deployed(workplace)
    assert any("evaluated as float64" in line for line in log)
    assert predicted(workplace, made["deployment"], set_aside_budget=1)["rows"] == 100
    assert look("SELECT id, late FROM predictions.scored ORDER BY id LIMIT 2") == [(1, "key 1.0"), (2, "key 2.0")]
    (kept,) = look("SELECT columns ->> 'y', columns_with_nulls FROM modelops.version")
    assert kept == ("int32", ["y"])
    with pytest.raises(psycopg.errors.CheckViolation, match="append-only"):
        workplace.connection.execute("UPDATE modelops.version SET columns_with_nulls = NULL")
