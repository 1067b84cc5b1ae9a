"""The metrics of a regressor on rows whose labels are known, by the definitions of sklearn.metrics.

main.py loads this module by its path for the standard evaluation, as classification.py.
"""

from __future__ import annotations

import importlib
import math
import warnings
from typing import Any

HEADLINE = ("rmse", "mae", "r2", "mse")
SHARES = (5, 25, 50, 75, 95)
"""The quantiles of the residuals that are given, in percent."""
QUANTILES = {f"residual_p{share:02}": share / 100 for share in SHARES}
NAMES = (*HEADLINE, "median_ae", "bias", *QUANTILES)
NO_LABEL = "no row has a label"
NOT_FINITE = "it has no finite value on these rows"
TOO_LARGE = "its value on these rows is too large"
LEAST, MOST = -(2**63), 2**63 - 1
"""The range of numbers on record, as in domain/bounds.py."""


def measure(labels: Any, predicted: Any) -> tuple[dict[str, float | None], dict[str, str]]:
    """The metrics in the target's unit (`mse`: its square), and for each that is None the reason.

    A residual is the prediction minus the label; `bias` is the mean of the residuals.

    Args:
        labels: a float64 array of shape (rows,), of finite numbers.
        predicted: as `labels`.
    """
    if not len(labels):
        return dict.fromkeys(NAMES), dict.fromkeys(NAMES, NO_LABEL)
    numpy, metrics = importlib.import_module("numpy"), importlib.import_module("sklearn.metrics")
    found: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        residuals = predicted - labels
        mse = float(metrics.mean_squared_error(labels, predicted))
        found = {
            "rmse": math.sqrt(mse),
            "mae": float(metrics.mean_absolute_error(labels, predicted)),
            "r2": None,
            "mse": mse,
            "median_ae": float(metrics.median_absolute_error(labels, predicted)),
            "bias": float(numpy.mean(residuals)),
        }
        if len(labels) == 1:
            reasons["r2"] = "there is only one row"
        elif (labels == labels[0]).all():
            reasons["r2"] = f"every label is {labels[0]:.17g}"
        else:
            found["r2"] = float(metrics.r2_score(labels, predicted))
        quantiles = numpy.quantile(residuals, list(QUANTILES.values()))
    found |= {name: float(value) for name, value in zip(QUANTILES, quantiles, strict=True)}
    for name, value in found.items():
        if value is not None and not math.isfinite(value):
            found[name], reasons[name] = None, NOT_FINITE
        elif value is not None and not LEAST <= value <= MOST:
            found[name], reasons[name] = None, TOO_LARGE
    return found, reasons
