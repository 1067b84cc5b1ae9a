"""The plots of an evaluation as data: points and counts that the Jobs view draws.

main.py loads this module by its path for the standard evaluation. It uses NumPy and scikit-learn of the model's
environment. Each function returns a JSON object that kinds/model/details.py describes and checks.
"""

from __future__ import annotations

import importlib
import math
import warnings
from typing import Any

MAX_POINTS = 200
CALIBRATION_BINS, RESIDUAL_BINS = 10, 40
MAX_CLASSES = 14
"""Of a confusion matrix, whose cells are then at most 196."""
MOST = 2**63 - 1
"""The greatest number on record, as in domain/bounds.py."""
TAIL = 0.005
"""The share of residuals, at each end, that may lie outside of the histogram's bins."""
Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution, for 95 % intervals."""

Plot = dict[str, Any]


def of_probabilities(positive: Any, probability: Any) -> list[Plot]:
    """ROC, precision-recall and calibration of a classifier of two classes.

    A curve that the labels don't define is left out: without positive labels, and ROC also without negative ones.

    Args:
        positive: whether a row's label is of the positive class, a boolean array of shape (rows,).
        probability: of the positive class, a float64 array of shape (rows,).
    """
    metrics = importlib.import_module("sklearn.metrics")
    found: list[Plot] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if positive.any() and not positive.all():
            across, up, _ = metrics.roc_curve(positive, probability)
            found.append({"kind": "roc", "points": _points(across, up)})
        if positive.any():
            precision, recall, _ = metrics.precision_recall_curve(positive, probability)
            points = _points(recall[::-1], precision[::-1])
            found.append({"kind": "precision_recall", "points": points, "prevalence": float(positive.mean())})
    if len(positive):
        found.append({"kind": "calibration", "bins": _calibration(positive, probability)})
    return found


def confusion(labels: Any, predicted: Any, *, classes: list[str]) -> Plot:
    """The number of rows by label (first index of `counts`) and predicted class (second).

    Of more than 14 classes, the thirteen most frequent among the labels have rows and columns of their own; the
    last row and column are of the other ones, and `others` is their number.

    Args:
        labels: the number of each row's class, an integer array of shape (rows,).
        predicted: the number of the class that is predicted for it.
        classes: the names of the classes.
    """
    numpy = importlib.import_module("numpy")
    count = len(classes)
    chosen = numpy.arange(count)
    if count > MAX_CLASSES:
        frequent = numpy.argsort(-numpy.bincount(labels, minlength=count), kind="stable")
        chosen = numpy.sort(frequent[: MAX_CLASSES - 1])
    place = numpy.full(count, len(chosen))
    place[chosen] = numpy.arange(len(chosen))
    others = count - len(chosen)
    side = len(chosen) + (1 if others else 0)
    cells = numpy.bincount(place[labels] * side + place[predicted], minlength=side * side)
    return {
        "kind": "confusion",
        "classes": [classes[number] for number in chosen],
        "others": others,
        "counts": cells.reshape(side, side).tolist(),
    }


def residuals(labels: Any, predicted: Any) -> list[Plot]:
    """The histogram of prediction minus label, in at most 40 bins of equal width, with the numbers below and above.

    Without outliers the bins have all rows; otherwise half a percent of the rows at each end may be outside.
    Nothing if there are no rows, or if an edge of the bins would not be finite or too large to be recorded.

    Args:
        labels: a float64 array of shape (rows,), of finite numbers.
        predicted: as `labels`.
    """
    numpy = importlib.import_module("numpy")
    if not len(labels):
        return []
    with numpy.errstate(all="ignore"):
        found = predicted - labels
        least, most = float(found.min()), float(found.max())
        low, high = (float(each) for each in numpy.quantile(found, [TAIL, 1 - TAIL]))
        # Within twice the width of the middle 99 %, all rows have a bin.
        if most - least <= 2 * (high - low):
            low, high = least, most
        edges = numpy.linspace(low, high, RESIDUAL_BINS + 1) if high > low else numpy.array([low, low + 1]) - 0.5
    if not max(map(abs, edges.tolist())) <= MOST or not (numpy.diff(edges) > 0).all():
        return []
    counts, _ = numpy.histogram(found, edges)
    below, above = int((found < edges[0]).sum()), int((found > edges[-1]).sum())
    return [{"kind": "residuals", "edges": edges.tolist(), "counts": counts.tolist(), "below": below, "above": above}]


def _points(across: Any, up: Any) -> list[list[float]]:
    """At most 200 of a curve's points, which are about as far from each other along the curve; both ends are kept."""
    numpy = importlib.import_module("numpy")
    if len(across) > MAX_POINTS:
        length = numpy.concatenate([[0.0], numpy.cumsum(numpy.abs(numpy.diff(across)) + numpy.abs(numpy.diff(up)))])
        wanted = numpy.linspace(0, length[-1], MAX_POINTS)
        chosen = numpy.unique(numpy.clip(numpy.searchsorted(length, wanted), 0, len(across) - 1))
        chosen[0], chosen[-1] = 0, len(across) - 1
        across, up = across[chosen], up[chosen]
    return [[float(x), float(y)] for x, y in zip(across, up, strict=True)]


def _calibration(positive: Any, probability: Any) -> list[dict[str, float | int]]:
    """Ten bins of about as many rows, fewer if probabilities repeat, as sklearn.calibration.calibration_curve's."""
    numpy = importlib.import_module("numpy")
    edges = numpy.percentile(probability, numpy.linspace(0, 1, CALIBRATION_BINS + 1) * 100)
    bins = numpy.searchsorted(edges[1:-1], probability)
    rows = numpy.bincount(bins, minlength=CALIBRATION_BINS)
    hits = numpy.bincount(bins, weights=positive, minlength=CALIBRATION_BINS)
    sums = numpy.bincount(bins, weights=probability, minlength=CALIBRATION_BINS)
    found = []
    for number in numpy.flatnonzero(rows):
        count, share = int(rows[number]), float(hits[number] / rows[number])
        lower, upper = _wilson(share, count)
        predicted = min(float(sums[number] / rows[number]), 1.0)
        found.append({"predicted": predicted, "observed": share, "lower": lower, "upper": upper, "rows": count})
    return found


def _wilson(share: float, trials: int) -> tuple[float, float]:
    """The 95 % interval of a proportion by Wilson's score (J. Am. Stat. Assoc. 22, 1927)."""
    middle = share + Z * Z / (2 * trials)
    half = Z * math.sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
    whole = 1 + Z * Z / trials
    lower = 0.0 if share == 0 else max((middle - half) / whole, 0.0)
    upper = 1.0 if share == 1 else min((middle + half) / whole, 1.0)
    return lower, upper
