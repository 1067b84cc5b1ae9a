"""Fits a hundred trees of XGBoost's default depth."""

from __future__ import annotations

from pathlib import Path

import xgboost

from .scoring import matrix


def train(context, **kwargs) -> None:
    """Fit the model on the training dataset, and write model.ubj."""
    data, info = context.read_arrow(), context.dataset_info
    rows = xgboost.DMatrix(matrix(data, info.feature_names), label=data[info.target_names[0]].to_numpy())
    model = xgboost.train({"objective": "binary:logistic"}, rows, num_boost_round=100)
    model.set_attr(features=",".join(info.feature_names))
    model.save_model(Path(context.artifact_output_path, "model.ubj"))
