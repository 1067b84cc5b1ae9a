"""What the libraries say of real files, and which descriptions of a child are accepted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from modelops.domain.model_files import Description, Port
from unit.model_files.opening import Real

if TYPE_CHECKING:
    from unit.model_files.opening import Opener

FEATURES = ("distance", "departure", "wind", "delay_before")
CLASSES = ("early", "on time", "very late")
SKL2ONNX = {"format": "onnx", "library": "onnxruntime", "library_version": "1.32.0", "producer": "skl2onnx 1.20.0"}
ONE_MATRIX = (Port(name="X", type="tensor(float)", shape=(None, 4)),)
EXPECTED = {
    "onnx_zipmap": Description(
        **SKL2ONNX,
        inputs=ONE_MATRIX,
        outputs=(
            Port(name="output_label", type="tensor(int64)", shape=(None,)),
            Port(name="output_probability", type="seq(map(int64,tensor(float)))", shape=()),
        ),
        feature_count=4,
        float32=True,
        classes=(0, 1),
        probabilities=True,
        types=("binary",),
    ),
    "onnx_boosting": Description(
        **SKL2ONNX,
        inputs=ONE_MATRIX,
        outputs=(
            Port(name="label", type="tensor(int64)", shape=(None,)),
            Port(name="probabilities", type="tensor(float)", shape=(None, 3)),
        ),
        feature_count=4,
        float32=True,
        classes=(0, 1, 2),
        probabilities=True,
        types=("multiclass",),
    ),
    "onnx_columns": Description(
        **SKL2ONNX,
        inputs=(
            *(Port(name=name, type="tensor(float)", shape=(None, 1)) for name in FEATURES),
            Port(name="carrier", type="tensor(string)", shape=(None, 1)),
        ),
        outputs=(
            Port(name="label", type="tensor(int64)", shape=(None,)),
            Port(name="probabilities", type="tensor(float)", shape=(None, 2)),
        ),
        features=(*FEATURES, "carrier"),
        feature_count=5,
        float32=True,
        classes=(0, 1),
        probabilities=True,
        types=("binary",),
    ),
    "onnx_bare": Description(
        format="onnx",
        library="onnxruntime",
        library_version="1.32.0",
        inputs=(Port(name="x", type="tensor(float)", shape=(None, 4)),),
        outputs=(Port(name="probability", type="tensor(float)", shape=(None, 1)),),
        feature_count=4,
        float32=True,
        types=("binary", "regression"),
    ),
    "lightgbm_multiclass": Description(
        format="lightgbm",
        library="lightgbm",
        library_version="4.7.0",
        producer="LightGBM",
        inputs=(Port(name="data", type="double", shape=(None, 4)),),
        outputs=(Port(name="multiclass", type="double", shape=(None, 3)),),
        feature_count=4,
        probabilities=True,
        types=("multiclass",),
    ),
    "xgboost_ubj": Description(
        format="xgboost_ubj",
        library="xgboost",
        library_version="3.2.0",
        producer="XGBoost",
        inputs=(Port(name="data", type="float", shape=(None, 4)),),
        outputs=(Port(name="binary:logistic", type="float", shape=(None,)),),
        features=FEATURES,
        feature_count=4,
        float32=True,
        probabilities=True,
        types=("binary",),
    ),
    "skops_pipeline": Description(
        format="skops",
        library="skops",
        library_version="0.15.0",
        producer="sklearn.pipeline.Pipeline",
        inputs=(Port(name="X", type="any", shape=(None, 5)),),
        outputs=(Port(name="predict", type="any"), Port(name="predict_proba", type="any")),
        features=(*FEATURES, "carrier"),
        feature_count=5,
        classes=CLASSES,
        probabilities=True,
        types=("multiclass",),
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_real_files(opener: Opener, name: str) -> None:
    found = opener.describe(Real(name).path)

    assert found == EXPECTED[name]
    assert Description.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"other": 1}, "fields", id="a field too many"),
        pytest.param({"producer": "x" * 1001}, "producer is no text of at most 1,000 characters", id="long text"),
        pytest.param({"producer": "a\x00b"}, "producer has characters that can't be printed", id="NUL"),
        pytest.param({"producer": "\ud800"}, "producer has characters that can't be printed", id="half a character"),
        pytest.param({"float32": "yes"}, "float32 is not true or false", id="text for a truth"),
        pytest.param({"features": ["a"] * 10_001}, "features is no list of at most 10,000 elements", id="many"),
        pytest.param({"features": {"a": 1}}, "features is no list", id="no list"),
        pytest.param({"feature_count": -1}, "feature_count is not a positive number", id="negative"),
        pytest.param({"feature_count": True}, "feature_count is not a positive number", id="a truth for a number"),
        pytest.param({"classes": [float("nan")]}, "a class is neither text nor a number", id="NaN"),
        pytest.param({"classes": [10**30]}, "a class is neither text nor a number", id="a large number"),
        pytest.param({"classes": [None]}, "a class is neither text nor a number", id="null"),
        pytest.param({"types": ["ranking"]}, "it fits no type of model", id="no type"),
        pytest.param({"format": "skops"}, "it is of another format", id="another format"),
        pytest.param({"inputs": [{"name": "x"}]}, "an input or output has other fields", id="a broken input"),
        pytest.param(
            {"inputs": [{"name": "x", "type": "t", "shape": [2**70]}]}, "a shape has a number", id="a large shape"
        ),
    ],
)
def test_descriptions_that_are_not_accepted(changes: dict[str, Any], reason: str) -> None:
    plain = EXPECTED["onnx_zipmap"].to_json()

    with pytest.raises((ValueError, TypeError), match=reason):
        Description.from_json(plain | changes, format_="onnx")
