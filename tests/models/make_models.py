"""Makes the model files of this folder with their libraries, and what these libraries predict.

Run by hand, in an environment with requirements.txt: `python tests/models/make_models.py`. Each folder gets the model
file, and expected.json: how the model is used, and for each of 200 rows what the library itself predicts.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy
import pyarrow as pa
import pyarrow.parquet as pq
from onnx import TensorProto, helper
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent
FEATURES = ["distance", "departure", "wind", "delay_before"]
ROWS = 200


def rows(count: int, seed: int) -> tuple[Any, Any]:
    """Features that float32 holds exactly, and a number that depends on them."""
    random = numpy.random.default_rng(seed)
    features = numpy.column_stack(
        [
            random.integers(100, 3000, count),
            random.integers(0, 24, count),
            random.integers(0, 160, count) / 4,
            random.integers(-20, 200, count) / 2,
        ]
    ).astype("float64")
    score = features[:, 0] / 1500 + features[:, 2] / 20 + features[:, 3] / 40 - 3 + random.normal(0, 0.6, count)
    return features, score


X, SCORE = rows(1000, 1)
SCORED, _ = rows(ROWS, 2)
LATE = (SCORE > 0).astype("int64")
LEVEL = numpy.digitize(SCORE, [-1, 1])
NAMES = numpy.array(["early", "on time", "very late"])[LEVEL]
CARRIER = numpy.array(["AA", "B6", "DL"])[X[:, 1].astype(int) % 3]
SCORED_CARRIER = numpy.array(["AA", "B6", "DL"])[SCORED[:, 1].astype(int) % 3]


def keep(name: str, file: str, content: bytes | Path, predictions: dict[str, Any], **about: Any) -> None:
    """Write the folder of a model."""
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if isinstance(content, Path):
        content.replace(folder / file)
    else:
        (folder / file).write_bytes(content)
    expected = {
        "file": file,
        **({"features": FEATURES, "classes": None} | about),
        "predictions": {name: values.tolist() for name, values in predictions.items()},
    }
    (folder / "expected.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")


def probabilities(model: Any, features: Any) -> dict[str, Any]:
    """The columns of predictions of a classifier."""
    found = model.predict_proba(features)
    named = {"late": model.predict(features)}
    if found.shape[1] == 2:
        return named | {"late_probability": found[:, 1]}
    return named | {f"late_probability_{each}": found[:, place] for place, each in enumerate(model.classes_)}


def onnx_files() -> None:
    logistic = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, LATE)
    for name, zipmap in (("onnx_logistic", False), ("onnx_zipmap", True)):
        model = to_onnx(logistic, X[:1].astype("float32"), options={"zipmap": zipmap})
        keep(
            name, "model.onnx", model.SerializeToString(), probabilities(logistic, SCORED), type="binary", format="onnx"
        )
    boosting = GradientBoostingClassifier(n_estimators=8, max_depth=3, random_state=0).fit(X, LEVEL)
    model = to_onnx(boosting, X[:1].astype("float32"), options={"zipmap": False})
    keep(
        "onnx_boosting",
        "model.onnx",
        model.SerializeToString(),
        probabilities(boosting, SCORED),
        type="multiclass",
        format="onnx",
    )
    named = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, NAMES)
    model = to_onnx(named, X[:1].astype("float32"))
    keep(
        "onnx_labels", "model.onnx", model.SerializeToString(), probabilities(named, SCORED), type="multiclass",
        format="onnx",
    )  # fmt: skip
    onnx_columns()
    onnx_lightgbm()
    onnx_bare()


def onnx_columns() -> None:
    """One input for each column, one of them of text."""
    import pandas

    frame = pandas.DataFrame(X, columns=FEATURES).assign(carrier=CARRIER)
    scored = pandas.DataFrame(SCORED, columns=FEATURES).assign(carrier=SCORED_CARRIER)
    columns = ColumnTransformer([("numbers", StandardScaler(), FEATURES), ("text", OneHotEncoder(), ["carrier"])])
    pipeline = make_pipeline(columns, LogisticRegression()).fit(frame, LATE)
    types = [(name, FloatTensorType([None, 1])) for name in FEATURES] + [("carrier", StringTensorType([None, 1]))]
    model = convert_sklearn(pipeline, initial_types=types, options={"zipmap": False})
    keep(
        "onnx_columns",
        "model.onnx",
        model.SerializeToString(),
        probabilities(pipeline, scored),
        type="binary",
        format="onnx",
        features=[*FEATURES, "carrier"],
    )


def onnx_lightgbm() -> None:
    import lightgbm
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType as OtherFloatTensorType

    regressor = lightgbm.LGBMRegressor(n_estimators=20, num_leaves=8, verbose=-1).fit(X, SCORE)
    model = convert_lightgbm(regressor, initial_types=[("input", OtherFloatTensorType([None, len(FEATURES)]))])
    predictions = {"late": regressor.predict(SCORED)}
    keep("onnx_regressor", "model.onnx", model.SerializeToString(), predictions, type="regression", format="onnx")


def onnx_bare() -> None:
    """Only a probability of the second class, as a neural network gives it; the classes are not in the file."""
    logistic = LogisticRegression(max_iter=5000).fit(X / 1000, LATE)
    weights = (logistic.coef_[0] / 1000).astype("float32")
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["product"]),
            helper.make_node("Add", ["product", "b"], ["sum"]),
            helper.make_node("Sigmoid", ["sum"], ["probability"]),
        ],
        "bare",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, len(FEATURES)])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, [None, 1])],
        [
            helper.make_tensor("w", TensorProto.FLOAT, [len(FEATURES), 1], weights),
            helper.make_tensor("b", TensorProto.FLOAT, [1], logistic.intercept_.astype("float32")),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    found = logistic.predict_proba(SCORED / 1000)[:, 1]
    keep(
        "onnx_bare",
        "model.onnx",
        model.SerializeToString(),
        {"late": numpy.array(["no", "yes"])[(found > 0.5).astype(int)], "late_probability": found},
        type="binary",
        format="onnx",
        classes=["no", "yes"],
    )


def main() -> None:
    table = pa.table({name: SCORED[:, place] for place, name in enumerate(FEATURES)} | {"carrier": SCORED_CARRIER})
    pq.write_table(table, HERE / "rows.parquet")
    onnx_files()


if __name__ == "__main__":
    main()
