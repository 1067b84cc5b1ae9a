"""The formats that can be imported."""

from __future__ import annotations

from modelops.formats import lightgbm, onnx, skops, xgboost
from modelops.formats.format import Format

FORMATS = {
    each.name: each
    for each in (
        Format(
            name="onnx",
            title="ONNX",
            library="onnxruntime",
            file="model.onnx",
            matches=onnx.matches,
            check=onnx.check,
            unconfined=True,
        ),
        Format(
            name="lightgbm",
            title="LightGBM text",
            library="lightgbm",
            file="model.txt",
            matches=lightgbm.matches,
            check=lightgbm.check,
        ),
        Format(
            name="xgboost_json",
            title="XGBoost JSON",
            library="xgboost",
            file="model.json",
            matches=xgboost.matches_json,
            check=xgboost.check_json,
        ),
        Format(
            name="xgboost_ubj",
            title="XGBoost UBJ",
            library="xgboost",
            file="model.ubj",
            matches=xgboost.matches_ubj,
            check=xgboost.check_ubj,
        ),
        Format(
            name="skops",
            title="skops",
            library="skops",
            file="model.skops",
            matches=skops.matches,
            check=skops.check,
        ),
    )
}
"""By their names."""
