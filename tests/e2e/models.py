"""The models that these tests train and the feature task that they run, as their authors would write them."""

from __future__ import annotations

SQL = "SELECT i AS id, i / 10.0::float8 AS x, (100 - i)::float8 AS y, i % 2 AS late FROM generate_series(1, 100) AS i"
"""A hundred rows that need no table."""

DATASETS = f"""
entity_key: id
features: [x, y]
targets: [late]
datasets:
  train: {SQL}
  evaluate: {SQL} WHERE i > 60
  predict: {SQL}
"""

COUNTED_COLUMNS = {"id": "integer", "at": "timestamptz", "twice": "integer"}
COUNTED = """
SELECT * FROM (
  SELECT i AS id, timestamptz '2013-08-01T00:00Z' + i * interval '1 hour' AS at, i * 2 AS twice
  FROM generate_series(0, 99) AS i
) AS counted
WHERE at >= current_setting('modelops.interval_start')::timestamptz
  AND at < current_setting('modelops.interval_end')::timestamptz
"""
"""A feature task that needs no table: a row for each of a hundred hours."""

TICKING_COLUMNS = {"id": "bigint", "at": "timestamptz"}
NAP = {"interval_start": "2013-06-01T00:00:00Z", "interval_end": "2013-06-01T00:01:00Z"}
TICKING = """
WITH nap AS MATERIALIZED (
  SELECT pg_sleep(8) WHERE current_setting('modelops.interval_start')::timestamptz = '2013-06-01T00:00Z'
)
SELECT extract(epoch FROM at)::bigint AS id, at
FROM (SELECT count(*) FROM nap) AS awake, generate_series(
  current_setting('modelops.interval_start')::timestamptz,
  current_setting('modelops.interval_end')::timestamptz - interval '1 second',
  interval '10 seconds'
) AS at
"""
"""A feature task that needs no table: a row for every ten seconds of the interval. That of NAP takes eight seconds."""

WISHES = {"gate": None, "fail": None}
"""What these models declare in config.json."""

QUICK = """
import json, pathlib, time

def train(context, **kwargs):
    wanted = dict(context.hyperparams)
    rows = context.read_arrow()
    print("training on", rows.num_rows, "rows")
    if wanted["gate"] is not None:
        gate = pathlib.Path(wanted["gate"])
        print("waiting for", gate)
        while not gate.exists():
            time.sleep(0.02)
    if wanted["fail"] is not None:
        raise ValueError(wanted["fail"])
    path = pathlib.Path(context.artifact_output_path)
    (path / "model.json").write_text(json.dumps({"mean": sum(rows["x"].to_pylist()) / rows.num_rows}))
"""
"""Trains at once; with the hyperparameter `gate`, when that file is there; with `fail`, never."""

MANY = 10_000
MANY_DATASETS = f"""
entity_key: id
features: [x, padding]
targets: [late]
datasets:
  train: SELECT i AS id, i::float8 AS x, '.' AS padding, i % 2 AS late FROM generate_series(1, 100) AS i
  evaluate: SELECT i AS id, i::float8 AS x, '.' AS padding, i % 2 AS late FROM generate_series(1, 100) AS i
  predict: SELECT i AS id, i::float8 AS x, repeat('.', 2000) AS padding FROM generate_series(1, {MANY}) AS i
"""
"""The padding makes it several batches."""
HELD = """
import pathlib, time

import pyarrow as pa, pyarrow.compute as pc


class ModelScorer:
    frame = "arrow"

    def __init__(self, context):
        self.gate = pathlib.Path(context.hyperparams["gate"])

    def predict(self, data):
        while not self.gate.exists():
            time.sleep(0.02)
        return pa.table({"opposite": pc.negate(data["x"])})
"""
"""Scores once the file of the hyperparameter `gate` is there."""

REQUIREMENTS = {"scikit-learn": "1.5.2", "numpy": "2.1.3"}
"""Other versions than the project's own; there are wheels of them for Python 3.11 to 3.13."""

STRANGER = """
import importlib.metadata, json, pathlib

import numpy


def table(context):
    rows = context.read_arrow()
    features = numpy.column_stack([rows[name].to_numpy() for name in context.dataset_info.feature_names])
    return features, rows[context.dataset_info.target_names[0]].to_numpy()


def metrics(context, **measured):
    ran = {name: importlib.metadata.version(name) for name in ("scikit-learn", "numpy")}
    path = pathlib.Path(context.artifact_output_path) / "metrics.json"
    path.write_text(json.dumps({**measured, "packages": ran}))
"""
STRANGER_TRAINING = """
import json, pathlib, time

from sklearn.linear_model import LogisticRegression

from model_modules.stranger import metrics, table


def train(context, **kwargs):
    features, target = table(context)
    gate = pathlib.Path(context.hyperparams["gate"])
    print("  two spaces, an umlaut: ä, and no end of line yet ...", end="")
    print(" here it is")
    print("waiting for", gate)
    while not gate.exists():
        time.sleep(0.02)
    print("the gate is open")
    model = LogisticRegression().fit(features, target)
    path = pathlib.Path(context.artifact_output_path) / "model.json"
    path.write_text(json.dumps({"coef": model.coef_.tolist(), "intercept": model.intercept_.tolist()}))
    metrics(context, rows=len(target))
"""
STRANGER_EVALUATION = """
import json, pathlib

from model_modules.stranger import metrics, table


def evaluate(context, **kwargs):
    model = json.loads((pathlib.Path(context.artifact_input_path) / "model.json").read_text())
    features, target = table(context)
    scores = features @ model["coef"][0] + model["intercept"][0]
    metrics(context, accuracy=float(((scores > 0) == (target == 1)).mean()))
"""
