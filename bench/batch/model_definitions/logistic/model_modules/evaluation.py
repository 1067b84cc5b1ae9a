"""Measures the accuracy of the model."""

from __future__ import annotations

import json
from pathlib import Path

from .scoring import ModelScorer


def evaluate(context, **kwargs) -> None:
    """Write metrics.json."""
    data = context.read_arrow()
    is_correct = ModelScorer(context).predict(data)["label"] == data[context.dataset_info.target_names[0]].to_numpy()
    Path(context.artifact_output_path, "metrics.json").write_text(json.dumps({"accuracy": float(is_correct.mean())}))
