"""The metrics of published predictions whose labels are known, by the definitions of sklearn.metrics.

The standard evaluation has the same metrics and more, in runtime/child/classification.py and regression.py.
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def of_classifier(
    truth: Any, predictions: dict[str, Any], target: str, classes: Any, *, warn: Callable[[str], object]
) -> dict[str, float]:
    """The metrics of a classifier. Of two classes the second is the positive one.

    Args:
        truth: the labels, an array of shape (rows,).
        predictions: the columns of predictions by name, arrays of shape (rows,): `<target>`, and of two classes
            `<target>_probability`, of more `<target>_probability_<class>`. Metrics that need a
            missing column are omitted.
        target: the name of the target.
        classes: all classes in their order; None: those that are among the labels and predictions.
        warn: called with a sentence about each metric that can't be computed.
    """
    numpy, measure = importlib.import_module("numpy"), importlib.import_module("sklearn.metrics")
    predicted = predictions.get(target)
    classes_in_truth = set(truth.tolist())
    seen = classes_in_truth | (set() if predicted is None else set(predicted.tolist()))
    labels = sorted(seen) if classes is None else list(numpy.asarray(classes).tolist())
    binary = len(labels) == 2
    found = {}
    if predicted is not None:
        found["accuracy"] = float(measure.accuracy_score(truth, predicted))
        averaged = {"labels": labels[1:] if binary else labels, "average": "macro", "zero_division": 0}
        suffix = "" if binary else "_macro"
        for name in ("f1", "precision", "recall"):
            found[name + suffix] = float(getattr(measure, f"{name}_score")(truth, predicted, **averaged))
    if not classes_in_truth <= set(labels):
        warn(f"log_loss is left out: {target} has values that are none of the classes of the training")
        return found
    if binary and f"{target}_probability" in predictions:
        positive, probability = truth == labels[1], predictions[f"{target}_probability"]
        found["brier"] = float(numpy.mean((probability - positive) ** 2))
        found["log_loss"] = float(measure.log_loss(positive, probability, labels=[False, True]))
        if len(classes_in_truth) == 2:
            found["auc"] = float(measure.roc_auc_score(positive, probability))
        else:
            warn(f"auc is left out: in all of these rows {target} is {truth[0]}")
    columns = [f"{target}_probability_{label}" for label in labels]
    if not binary and all(name in predictions for name in columns):
        found["log_loss"] = float(
            measure.log_loss(truth, numpy.column_stack([predictions[name] for name in columns]), labels=labels)
        )
    return found


def of_regressor(truth: Any, predicted: Any) -> dict[str, float]:
    """The metrics of a regressor, in the target's unit or its square; arrays of shape (rows,)."""
    measure = importlib.import_module("sklearn.metrics")
    mse = float(measure.mean_squared_error(truth, predicted))
    found = {"mse": mse, "rmse": math.sqrt(mse), "mae": float(measure.mean_absolute_error(truth, predicted))}
    if len(truth) > 1:
        found["r2"] = float(measure.r2_score(truth, predicted))
    return found
