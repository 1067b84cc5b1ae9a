"""Scores rows with the fitted coefficients, without scikit-learn, whose import takes seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


class ModelScorer:
    """The scorer, which is created once per process."""

    frame = "arrow"

    def __init__(self, context) -> None:
        model = json.loads(Path(context.artifact_input_path, "model.json").read_text())
        self._coefficients, self._intercept = model["coefficients"], model["intercept"]

    def predict(self, data):
        """For each row, `label_probability`, and `label`: 1 if the probability is at least 0.5, otherwise 0."""
        score = np.full(data.num_rows, self._intercept)
        for name, coefficient in self._coefficients.items():
            score += coefficient * data[name].to_numpy()
        probability = 1 / (1 + np.exp(-score))
        return {"label": (probability >= 0.5).astype("int32"), "label_probability": probability}
