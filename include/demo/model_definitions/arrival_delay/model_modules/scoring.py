"""Scores flights with a trained model, batch by batch."""

from __future__ import annotations

import pandas as pd

from . import artifact, features


class ModelScorer:
    """Made once per process. Without a context the model lies in artifacts/input/."""

    def __init__(self, context=None) -> None:
        self._model = artifact.load(context.artifact_input_path if context else "artifacts/input")

    def predict(self, data: pd.DataFrame) -> pd.DataFrame:
        """Per row of features: `late_probability`, and `late`, 1 where that is at least one half."""
        rows = features.select(data, self._model.feature_names_in_)
        probability = self._model.predict_proba(rows)[:, 1]
        late = (probability >= 0.5).astype("int32")
        return pd.DataFrame({"late": late, "late_probability": probability}, index=data.index)
