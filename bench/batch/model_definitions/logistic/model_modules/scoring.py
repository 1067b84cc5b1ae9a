"""Scores rows with what the training has learnt; scikit-learn, whose import takes seconds, isn't needed for it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


class ModelScorer:
    """Made once per process."""

    frame = "arrow"

    def __init__(self, context) -> None:
        learnt = json.loads(Path(context.artifact_input_path, "model.json").read_text())
        self._coefficients, self._intercept = learnt["coefficients"], learnt["intercept"]

    def predict(self, data):
        """Per row `label_probability`, and `label`, 1 where that is at least one half."""
        score = np.full(data.num_rows, self._intercept)
        for name, coefficient in self._coefficients.items():
            score += coefficient * data[name].to_numpy()
        probability = 1 / (1 + np.exp(-score))
        return {"label": (probability >= 0.5).astype("int32"), "label_probability": probability}
