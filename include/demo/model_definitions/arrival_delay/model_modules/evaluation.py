"""Measures a trained model on rows that it has not learnt from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, log_loss, roc_auc_score

from . import plots
from .scoring import ModelScorer

if TYPE_CHECKING:
    import pandas as pd

# Enough for a stable order of the features, in about a second.
_ROWS_FOR_IMPORTANCE = 5_000


def evaluate(context, **kwargs) -> None:
    """Compare predictions and truth; leaves metrics.json and four plots."""
    names, [label] = context.dataset_info.feature_names, context.dataset_info.target_names
    data = context.read_pandas()
    target = data[label]
    if target.nunique() < 2:
        raise ValueError(f"every flight of this dataset has {label} = {target.iloc[0]}; to evaluate takes both 0 and 1")

    scorer = ModelScorer(context)
    predicted = scorer.predict(data[names])
    probability = predicted[f"{label}_probability"]
    metrics = {
        "auc": roc_auc_score(target, probability),
        "average_precision": average_precision_score(target, probability),
        "log_loss": log_loss(target, probability),
        "brier": brier_score_loss(target, probability),
        "accuracy": accuracy_score(target, predicted[label]),
        "positive_rate": target.mean(),
        "predicted_rate": probability.mean(),
        "rows": len(data),
    }
    for name, value in metrics.items():
        print(f"{name:>17}  {value:,.4f}" if isinstance(value, float) else f"{name:>17}  {value:,}")

    folder = Path(context.artifact_output_path)
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    plots.roc(target, probability, folder / "roc.png")
    plots.calibration(target, probability, folder / "calibration.png")
    plots.scores(target, probability, folder / "scores.png")
    plots.importance(_importance(scorer, data, names, label), folder / "feature_importance.png")


def _importance(scorer: ModelScorer, data: pd.DataFrame, names: list[str], label: str) -> dict[str, float]:
    """By how much the AUC falls when one feature's values are shuffled among the rows (Breiman 2001)."""
    random = np.random.default_rng(0)
    sample = data.sample(min(len(data), _ROWS_FOR_IMPORTANCE), random_state=0)

    def auc(rows: pd.DataFrame) -> float:
        return float(roc_auc_score(sample[label], scorer.predict(rows)[f"{label}_probability"]))

    whole = auc(sample[names])
    return {name: whole - auc(sample[names].assign(**{name: random.permutation(sample[name].array)})) for name in names}
