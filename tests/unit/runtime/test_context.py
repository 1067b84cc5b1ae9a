"""What a model's code gets, as that code sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from unit.runtime.models import write_rows

if TYPE_CHECKING:
    from unit.runtime.models import Model


def test_everything_that_belongs_to_the_run(model: Model) -> None:
    trained = model.tmp_path / "trained"
    trained.mkdir()
    (trained / "model.txt").write_text("a model")
    model.write(
        """
        import json
        from pathlib import Path

        def evaluate(context, **kwargs):
            assert kwargs == {}
            info = context.dataset_info
            learned = Path(context.artifact_input_path, "model.txt").read_text()
            Path(context.artifact_output_path, "metrics.json").write_text(json.dumps({"auc": 0.5, "of": learned}))
            print(json.dumps([info.sql, info.entity_key, info.feature_names, info.target_names]))
            print(context.project_id, context.model_id, context.model_version, context.job_id)
            print(context)
        """,
        file="model_modules/evaluation.py",
    )
    lines = model.run(verb="evaluate", artifact_input=trained)
    assert json.loads(lines[0]) == ["SELECT id, x, late FROM t", ["id"], ["x"], ["late"]]
    assert lines[1:] == [f"demo late 3 {model.job_id}", f"<ModelContext of late version 3, job {model.job_id}>"]
    assert json.loads((model.output / "metrics.json").read_text()) == {"auc": 0.5, "of": "a model"}


def test_hyperparameters_are_a_dict_with_attributes(model: Model) -> None:
    model.write("""
        import copy, pickle

        def train(context):
            params = context.hyperparams
            params.depth += 1
            print(params.depth, params["depth"], dict(params), isinstance(params, dict))
            print(type(pickle.loads(pickle.dumps(params))).__name__, copy.deepcopy(params) == params)
            print(context.artifact_input_path)
            try:
                params.height
            except AttributeError as error:
                print(error)
    """)
    assert model.run(hyperparameters={"depth": 3, "rate": 0.1}) == [
        "4 4 {'depth': 4, 'rate': 0.1} True",
        "dict True",
        "None",
        "there is no hyperparameter 'height'; there are: depth, rate",
    ]


def test_rows_come_as_arrow_batches_pandas_and_polars(model: Model) -> None:
    write_rows(model.tmp_path / "rows.arrow", [{"id": n, "x": n / 2, "late": n % 2 == 0} for n in range(10)], batch=4)
    model.write("""
        import pyarrow

        def train(context):
            table = context.read_arrow()
            print(table.num_rows, table.schema.names, pyarrow.total_allocated_bytes())
            print([batch.num_rows for batch in context.read_batches()])
            print(type(context.read_pandas()).__module__.split(".")[0], context.read_pandas().x.sum())
            print(type(context.read_polars()).__module__.split(".")[0], context.read_polars()["x"].sum())
    """)
    assert model.run() == ["10 ['id', 'x', 'late'] 0", "[4, 4, 2]", "pandas 22.5", "polars 22.5"]


def test_the_context_can_be_sent_to_workers_of_joblib(model: Model) -> None:
    model.write("""
        import os
        import joblib
        from model_modules.parts import depth_times

        def train(context):
            done = joblib.Parallel(n_jobs=2)(joblib.delayed(depth_times)(context, n) for n in (1, 2))
            print([value for value, _ in done], os.getpid() in [pid for _, pid in done])
    """)
    model.write(
        """
        import os

        def depth_times(context, n):
            return context.hyperparams["depth"] * n, os.getpid()
        """,
        file="model_modules/parts.py",
    )
    assert model.run(hyperparameters={"depth": 3}) == ["[3, 6] False"]
