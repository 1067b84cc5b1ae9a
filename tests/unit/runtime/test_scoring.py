"""A ModelScorer in its own process: what predict() may return, and what it must not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from unit.runtime.scorers import columns, failure_of, features, run, scorer

if TYPE_CHECKING:
    from unit.runtime.models import Model

MEBIBYTE = 2**20


@pytest.mark.parametrize(
    ("imports", "returned", "expected"),
    [
        pytest.param("import pandas as pd", "pd.DataFrame({'a': data['x']})", {"a": [1.0, 2.0]}, id="pandas"),
        pytest.param("import polars as pl", "pl.DataFrame({'a': ['u', 'v']})", {"a": ["u", "v"]}, id="polars"),
        pytest.param("import pyarrow as pa", "pa.table({'a': [1, 2]})", {"a": [1, 2]}, id="Arrow"),
        pytest.param("", "{'a': [1, 2], 'b': [True, False]}", {"a": [1, 2], "b": [True, False]}, id="dict"),
        pytest.param("", "data['x']", {"late": [1.0, 2.0]}, id="series"),
        pytest.param("", "data['x'].to_numpy()", {"late": [1.0, 2.0]}, id="numpy"),
        pytest.param(
            "import numpy as np",
            "np.column_stack([data['x'], data['x'] * 2, data['x'] * 3])",
            {f"late_probability_{n}": [n + 1.0, 2 * (n + 1.0)] for n in range(3)},
            id="numpy of several columns",
        ),
    ],
)
def test_predictions_arrive(model: Model, imports: str, returned: str, expected: dict[str, Any]) -> None:
    scorer(model, f"return {returned}", imports=imports)
    assert columns(*run(model, features(1.0, 2.0))) == expected


def test_a_label_comes_with_the_probability_of_the_second_class(model: Model) -> None:
    model.write(
        """
        import numpy as np

        class ModelScorer:
            def predict(self, data):
                data["more"] = 1  # the frame is predict()'s own
                return (data["x"] > 0.5).astype("int32")

            def predict_proba(self, data):
                assert list(data.columns) == ["x"]
                return np.column_stack([1 - data["x"], data["x"]])
        """,
        file="model_modules/scoring.py",
    )
    assert columns(*run(model, features(0.25, 0.75))) == {"late": [0, 1], "late_probability": [0.25, 0.75]}


def test_columns_that_have_names_stay_alone(model: Model) -> None:
    """A predict() that calls its own predict_proba() has said all that it wants to say."""
    model.write(
        """
        import pandas as pd

        class ModelScorer:
            def predict(self, data):
                return pd.DataFrame({"late_probability": self.predict_proba(data)})

            def predict_proba(self, data):
                return data["x"].to_numpy()
        """,
        file="model_modules/scoring.py",
    )
    assert columns(*run(model, features(0.5))) == {"late_probability": [0.5]}


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ("", "pandas.DataFrame"),
        ("frame = 'pandas'", "pandas.DataFrame"),
        ("frame = 'polars'", "polars.dataframe.frame.DataFrame"),
        ("frame = 'arrow'", "pyarrow.lib.Table"),
    ],
)
def test_what_predict_gets(model: Model, frame: str, kind: str) -> None:
    body = (
        "print(f'{type(data).__module__}.{type(data).__name__}'.replace('pandas.core.frame', 'pandas'), data.shape)\n"
    )
    scorer(model, f"{body}    return [1] * data.shape[0]", attributes=frame or "pass")
    run(model, features(1.0, 2.0, name=["u", None]))
    assert model.lines == [f"{kind} (2, 2)"]


def test_a_frame_that_there_is_not(model: Model) -> None:
    error = failure_of(scorer(model, "return data", attributes="frame = 'dask'"))
    assert error.what == "ModelScorer.frame is 'dask'"
    assert error.where == "model_modules/scoring.py"
    assert error.expected == 'frame = "pandas", "polars" or "arrow", or no such attribute'


def test_a_scorer_with_the_context(model: Model) -> None:
    trained = model.tmp_path / "trained"
    trained.mkdir()
    (trained / "factor").write_text("3")
    model.write(
        """
        from pathlib import Path

        class ModelScorer:
            def __init__(self, context):
                self.factor = int(Path(context.artifact_input_path, "factor").read_text()) * context.hyperparams.more
                print(context, list(context.dataset_info.feature_names), context.artifact_output_path)
                try:
                    context.read_pandas()
                except RuntimeError as error:
                    print(error)

            def predict(self, data):
                return data["x"] * self.factor
        """,
        file="model_modules/scoring.py",
    )
    answered = run(model, features(1.0), features(2.0), artifact_input=trained, hyperparameters={"more": 2})
    assert columns(*answered) == {"late": [6.0, 12.0]}
    assert model.lines == [
        f"<ModelContext of late version 3, job {model.job_id}> ['x'] None",
        "while scoring, the context has no rows to read: predict(data) gets them, batch by batch",
    ]


def test_a_scorer_without_the_context_finds_the_artifacts_in_its_working_directory(model: Model) -> None:
    trained = model.tmp_path / "trained"
    trained.mkdir()
    (trained / "factor").write_text("3")
    model.write(
        """
        class ModelScorer:
            def __init__(self):
                with open("artifacts/input/factor") as file:
                    self.factor = int(file.read())

            def predict(self, data):
                return data["x"] * self.factor
        """,
        file="model_modules/scoring.py",
    )
    assert columns(*run(model, features(1.0), artifact_input=trained)) == {"late": [3.0]}
    assert (trained / "factor").exists(), "what the training left is only linked"


@pytest.mark.parametrize(
    ("source", "what", "where", "expected"),
    [
        pytest.param(
            "def scores(): ...",
            "model_modules/scoring.py has no class ModelScorer",
            "model_modules/scoring.py",
            "class ModelScorer, with def predict(self, data):, in model_modules/scoring.py",
            id="no class",
        ),
        pytest.param(
            "class ModelScorer: ...",
            "model_modules/scoring.py has no method predict in its class ModelScorer",
            "model_modules/scoring.py",
            "class ModelScorer, with def predict(self, data):, in model_modules/scoring.py",
            id="no method",
        ),
        pytest.param(
            "class ModelScorer:\n    def __init__(self, context):\n        raise OSError('no model')",
            "ModelScorer raised OSError: no model",
            "model_modules/scoring.py:3",
            "a ModelScorer that ends without an error; the traceback is in the log,"
            " and `./modelops check` with the model's folder repeats it on a few rows",
            id="can't be made",
        ),
        pytest.param(
            "import sklearn_of_the_future",
            "the package 'sklearn_of_the_future' isn't in the model's environment",
            "model_modules/scoring.py:1",
            "add it to model_modules/requirements.txt",
            id="missing package",
        ),
        pytest.param(
            "import sys\nclass ModelScorer:\n    def predict(self, data):\n        sys.exit(3)",
            "ModelScorer left the program with sys.exit(3)",
            "model_modules/scoring.py:4",
            "raise an exception when it can't go on",
            id="sys.exit isn't a matter of one row",
        ),
        pytest.param(
            "class ModelScorer:\n    def predict(self, data):\n        raise KeyboardInterrupt",
            "ModelScorer raised KeyboardInterrupt",
            "model_modules/scoring.py:3",
            "ends without an error",
            id="nor is KeyboardInterrupt",
        ),
        pytest.param(
            "class ModelScorer:\n    def predict(self, data):\n        raise MemoryError('too much')",
            "ModelScorer ran out of memory (too much)",
            "model_modules/scoring.py:3",
            "or more memory",
            id="nor is MemoryError",
        ),
    ],
)
def test_a_scorer_that_does_not_work(model: Model, source: str, what: str, where: str, expected: str) -> None:
    error = failure_of(model.write(source, file="model_modules/scoring.py"), budget=100)
    assert error.what == what
    assert error.where == where
    assert expected in error.expected


def test_a_model_without_the_file(model: Model) -> None:
    assert failure_of(model.write("")).what == "the model has no module model_modules.scoring"


def test_the_memory_limit_is_named(model: Model) -> None:
    error = failure_of(scorer(model, "return bytearray(2 * 2**30)"), memory=1024 * MEBIBYTE)
    assert error.what.startswith(
        "ModelScorer ran out of memory: it may allocate 1 GiB, by MODELOPS_CHILD_MEMORY; it had used"
    )


@pytest.mark.parametrize(
    ("returned", "what"),
    [
        pytest.param("None", "predict() returned None", id="None"),
        pytest.param("[1]", "predict() returned 1 prediction in the column 'late' for 2 rows of data", id="too few"),
        pytest.param(
            "[2, 3] if data['x'][0] == 1 else [2.5, 3.5]",
            "predict() returned the column 'late' as double, where it was int64",
            id="another type in the second batch",
        ),
    ],
)
def test_what_predict_must_not_return(model: Model, returned: str, what: str) -> None:
    error = failure_of(scorer(model, f"return {returned}"), features(1.0, 2.0), features(3.0, 4.0), budget=100)
    assert error.what == what
    assert error.where == "model_modules/scoring.py"
    assert error.expected.startswith("a predict(data) that returns one prediction for each row of data, in the same")
    assert model.lines == []


def test_other_than_what_is_declared(model: Model) -> None:
    error = failure_of(scorer(model, "return data['x']"), outputs={"late": "int32"})
    assert error.what == "predict() returned the column 'late' as double, where it was int32"
