"""Fits a logistic regression."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression


def train(context, **kwargs) -> None:
    """Fit the model on the training dataset, and write model.json."""
    data, info = context.read_arrow(), context.dataset_info
    rows = np.column_stack([data[name].to_numpy() for name in info.feature_names])
    model = LogisticRegression().fit(rows, data[info.target_names[0]].to_numpy())
    fitted = {
        "coefficients": dict(zip(info.feature_names, model.coef_[0].tolist(), strict=True)),
        "intercept": float(model.intercept_[0]),
    }
    Path(context.artifact_output_path, "model.json").write_text(json.dumps(fitted))
