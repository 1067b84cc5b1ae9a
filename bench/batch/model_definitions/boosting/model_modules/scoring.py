"""Scores rows with XGBoost, which uses several threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xgboost


def matrix(data, names):
    """The columns as a row-major matrix of float32."""
    rows = np.empty((data.num_rows, len(names)), "float32")
    for number, name in enumerate(names):
        rows[:, number] = data[name]
    return rows


class ModelScorer:
    """The scorer, which is created once per process."""

    frame = "arrow"

    def __init__(self, context) -> None:
        self._model = xgboost.Booster(model_file=Path(context.artifact_input_path, "model.ubj"))
        self._features = self._model.attr("features").split(",")

    def predict(self, data):
        """For each row, `label_probability`, and `label`: 1 if the probability is at least 0.5, otherwise 0."""
        probability = self._model.inplace_predict(matrix(data, self._features))
        return {"label": (probability >= 0.5).astype("int32"), "label_probability": probability}
