"""The types that a model's code gets are those of its training, in every later job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from factories import model_folder
from integration.lifecycle.life import deployed, predicted, scorer, trained
from modelops.data.snapshot import write_snapshot
from modelops.domain.datasets import Dataset
from modelops.domain.errors import DatasetError
from modelops.domain.job_types import JobType
from modelops.domain.requests import DriftCheckRequest
from modelops.kinds.check_drift import check_drift

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from conftest import Database
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


EMBEDDED = """
entity_key: id
features: [vector, tags, x]
targets: [late]
datasets:
  train: SELECT id, vector, tags, x, late FROM embedded WHERE id <= 60 ORDER BY id
  evaluate: SELECT id, vector, tags, x, late FROM embedded WHERE id BETWEEN 61 AND 90 ORDER BY id
  predict: SELECT id, vector, tags, x FROM embedded
"""
TRAINING = """
import pathlib
import numpy as np

def train(context, **kwargs):
    rows = context.read_pandas()
    print("stacked", np.stack(rows["vector"]).shape, rows["tags"][1].dtype, context.read_arrow()["vector"].type)
    (pathlib.Path(context.artifact_output_path) / "model").write_text("x")
"""
LEFT_ALONE = EVALUATION.replace('print("evaluated as", context.read_pandas()["y"].dtype)', "pass")
TABLE = """
CREATE TABLE embedded AS
SELECT id, ARRAY[id, x, 1]::float8[] AS vector, ARRAY[id, 2]::int4[] AS tags, x, late FROM measured ORDER BY id;
GRANT SELECT ON embedded TO modelops_sql
"""


def test_arrays_are_features_and_predictions(
    workplace: Workplace, repository: Path, database: Database, look: Callable[[str], list[Any]], log: list[str]
) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute(TABLE)
    scoring = scorer("""
vectors = np.stack(data["vector"])
assert vectors.shape[1] == 3
return {"doubled": vectors * 2, "tags": list(data["tags"]), "small": vectors.astype("float32")}
""")
    model_folder(repository, "scored", datasets=EMBEDDED, training=TRAINING, evaluation=LEFT_ALONE, scoring=scoring)
    made = deployed(workplace)
    assert "stacked (60, 3) int32 list<item: double>" in log
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE embedded SET vector = ARRAY[1, NULL, 3] WHERE id = 98")
        admin.execute("UPDATE embedded SET vector = ARRAY[1] WHERE id = 99")
        admin.execute("UPDATE embedded SET vector = NULL WHERE id = 100")
    result = predicted(workplace, made["deployment"], set_aside_budget=3)
    assert (result["rows"], result["set_aside"]) == (97, 3)
    assert look("SELECT id, doubled, tags, small FROM predictions.scored ORDER BY id LIMIT 2") == [
        (1, [2.0, 0.2, 2.0], [1, 2], [1.0, pytest.approx(0.1), 1.0]),
        (2, [4.0, 0.4, 2.0], [2, 2], [2.0, pytest.approx(0.2), 1.0]),
    ]
    assert look(
        "SELECT pg_typeof(doubled)::text, pg_typeof(tags)::text, pg_typeof(small)::text FROM predictions.scored LIMIT 1"
    ) == [("double precision[]", "integer[]", "real[]")]
    reasons = look("SELECT reason FROM modelops.set_aside ORDER BY key ->> 'id'")
    assert ("vector has an element that is null",) in reasons
    # They have no distribution: the check leaves them out, and compares the others.
    job = workplace.job(JobType.DRIFT_CHECK)
    assert check_drift(DriftCheckRequest(deployment=made["deployment"]), job)["compared"] == 1


def test_an_array_with_a_null_element_is_no_row_of_a_training(
    workplace: Workplace, repository: Path, database: Database
) -> None:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute(TABLE)
        admin.execute("UPDATE embedded SET vector = ARRAY[1, NULL, 3] WHERE id = 7")
    model_folder(repository, "scored", datasets=EMBEDDED, training=TRAINING, evaluation=LEFT_ALONE)
    with pytest.raises(DatasetError, match="column vector has 1 null element in its arrays"):
        trained(workplace)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE embedded SET vector = array_fill(0.5::float8, ARRAY[65537]) WHERE id = 7")
    with pytest.raises(DatasetError, match="column vector has an array of 65,537 elements"):
        trained(workplace)


def test_what_was_trained_on_arrays_as_text_gets_them_as_text(database: Database, tmp_path: Path) -> None:
    """Up to release 0.2 all arrays were text."""
    sql = "SELECT 1 AS id, ARRAY[1, 2] AS a, ARRAY[1.5] AS b, ARRAY['u'] AS c"
    dataset = Dataset(name=None, sql=sql, entity_key=("id",), feature_names=("a", "b", "c"), target_names=())

    def columns(training_types: dict[str, str] | None) -> dict[str, str]:
        path = tmp_path / "rows.arrow"
        rows = write_snapshot(
            database.url("modelops_sql"), dataset, path, where="a test", labelled=False, training_types=training_types
        )
        return dict(rows.columns)

    now = {"id": "int32", "a": "list<item: int32>", "b": "list<item: double>", "c": "string"}
    before = {"id": "int32", "a": "string", "b": "string", "c": "string"}
    assert columns(None) == now
    assert columns(now) == now
    assert columns(before) == before


def test_the_same_arrays_have_the_same_hash(database: Database, tmp_path: Path) -> None:
    sql = "SELECT id, ARRAY[id, 2] AS a, CASE WHEN id > 2 THEN ARRAY[0.5] END AS b FROM generate_series(1, 13) id"
    dataset = Dataset(name=None, sql=sql, entity_key=("id",), feature_names=("a", "b"), target_names=())
    hashes = {
        write_snapshot(
            database.url("modelops_sql"), dataset, tmp_path / f"{each}.arrow", where="a test", labelled=False
        ).sha256
        for each in range(5)
    }
    assert len(hashes) == 1
