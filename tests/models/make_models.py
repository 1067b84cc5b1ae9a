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
    onnx_endless()
    refused = to_onnx(boosting, X[:1], options={"zipmap": False})  # onnxruntime refuses this mixture of types
    (HERE / "refused").mkdir(exist_ok=True)
    (HERE / "refused" / "double.onnx").write_bytes(refused.SerializeToString())


def onnx_endless() -> None:
    """Gives a number for small values, and counts for ever if one is above 5: reading and trying it shows nothing."""
    counting = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Add", ["sum", "sum"], ["more"])],
        "counting",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, None),
        ],
    )
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMax", ["x"], ["largest"], keepdims=0),
            helper.make_node("Greater", ["largest", "five"], ["large"]),
            helper.make_node("Loop", ["", "large", "x"], ["looped"], body=counting),
            helper.make_node("ReduceMean", ["looped"], ["y"], axes=[1], keepdims=0),
        ],
        "endless",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])],
        [helper.make_tensor("five", TensorProto.FLOAT, [], [5.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (HERE / "refused" / "endless.onnx").write_bytes(model.SerializeToString())


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


def lightgbm_files() -> None:
    import lightgbm
    import pandas

    settings = {"n_estimators": 12, "num_leaves": 6, "verbose": -1, "n_jobs": 1}
    frame, scored = pandas.DataFrame(X, columns=FEATURES), pandas.DataFrame(SCORED, columns=FEATURES)

    def keep_lightgbm(name: str, model: Any, found: Any, **about: Any) -> None:
        keep(name, "model.txt", model.booster_.model_to_string().encode(), found, format="lightgbm", **about)

    binary = lightgbm.LGBMClassifier(**settings).fit(frame, LATE)
    keep_lightgbm("lightgbm_binary", binary, probabilities(binary, scored), type="binary", classes=[0, 1])
    many = lightgbm.LGBMClassifier(**settings).fit(X, NAMES)
    keep_lightgbm(
        "lightgbm_multiclass", many, probabilities(many, SCORED), type="multiclass", classes=many.classes_.tolist()
    )
    regressor = lightgbm.LGBMRegressor(**settings).fit(X, SCORE)
    keep_lightgbm("lightgbm_regressor", regressor, {"late": regressor.predict(SCORED)}, type="regression")
    frame = frame.assign(carrier=pandas.Categorical(CARRIER))
    scored = scored.assign(carrier=pandas.Categorical(SCORED_CARRIER, categories=frame["carrier"].cat.categories))
    late = (SCORE + (CARRIER == "B6") * 2 > 0).astype("int64")
    categories = lightgbm.LGBMClassifier(**settings).fit(frame, late)
    keep_lightgbm(
        "lightgbm_categories",
        categories,
        probabilities(categories, scored),
        type="binary",
        classes=[0, 1],
        features=[*FEATURES, "carrier"],
    )


def xgboost_files() -> None:
    import pandas
    import xgboost

    settings = {"n_estimators": 12, "max_depth": 3, "n_jobs": 1}
    frame, scored = pandas.DataFrame(X, columns=FEATURES), pandas.DataFrame(SCORED, columns=FEATURES)

    def keep_xgboost(name: str, kind: str, model: Any, found: Any, **about: Any) -> None:
        model.save_model(HERE / f"model.{kind}")
        keep(name, f"model.{kind}", HERE / f"model.{kind}", found, format=f"xgboost_{kind}", **about)

    binary = xgboost.XGBClassifier(**settings).fit(frame, LATE)
    keep_xgboost("xgboost_binary", "json", binary, probabilities(binary, scored), type="binary", classes=[0, 1])
    keep_xgboost("xgboost_ubj", "ubj", binary, probabilities(binary, scored), type="binary", classes=[0, 1])
    many = xgboost.XGBClassifier(**settings).fit(X, LEVEL)
    keep_xgboost("xgboost_multiclass", "json", many, probabilities(many, SCORED), type="multiclass", classes=[0, 1, 2])
    held = slice(0, 800)
    stopped = xgboost.XGBRegressor(**settings | {"n_estimators": 60, "learning_rate": 0.9, "early_stopping_rounds": 3})
    stopped.fit(X[held], SCORE[held], eval_set=[(X[800:], SCORE[800:])], verbose=False)
    assert stopped.best_iteration + 1 < stopped.get_booster().num_boosted_rounds()
    keep_xgboost("xgboost_stopped", "ubj", stopped, {"late": stopped.predict(SCORED)}, type="regression")


def skops_files() -> None:
    import pandas
    import skops.io
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.impute import SimpleImputer

    frame = pandas.DataFrame(X, columns=FEATURES).assign(carrier=CARRIER)
    scored = pandas.DataFrame(SCORED, columns=FEATURES).assign(carrier=SCORED_CARRIER)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), FEATURES),
            ("text", OneHotEncoder(), ["carrier"]),
        ]
    )
    pipeline = make_pipeline(columns, LogisticRegression()).fit(frame, NAMES)
    keep(
        "skops_pipeline",
        "model.skops",
        skops.io.dumps(pipeline),
        probabilities(pipeline, scored),
        type="multiclass",
        format="skops",
        features=[*FEATURES, "carrier"],
    )
    forest = RandomForestRegressor(n_estimators=4, max_depth=4, random_state=0).fit(X, SCORE)
    keep(
        "skops_forest",
        "model.skops",
        skops.io.dumps(forest),
        {"late": forest.predict(SCORED)},
        type="regression",
        format="skops",
    )


def main() -> None:
    table = pa.table({name: SCORED[:, place] for place, name in enumerate(FEATURES)} | {"carrier": SCORED_CARRIER})
    pq.write_table(table, HERE / "rows.parquet")
    onnx_files()
    lightgbm_files()
    xgboost_files()
    skops_files()


if __name__ == "__main__":
    main()
