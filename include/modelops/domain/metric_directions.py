"""The main metric of a version, and whether its higher or its lower values are better.

The names are those of the standard evaluation and of sklearn.metrics. With several targets, a name follows its target:
`late_accuracy`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Direction(StrEnum):
    """Which values of a metric are better."""

    HIGHER = "higher"
    LOWER = "lower"


_HIGHER = (
    *("auc", "roc_auc", "pr_auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "f1_score", "precision"),
    *("recall", "specificity", "sensitivity", "mcc", "kappa", "jaccard", "ndcg", "r2", "r2_score"),
    *("explained_variance", "gini", "ks"),
)
_LOWER = (
    *("log_loss", "logloss", "brier", "cross_entropy", "loss", "rmse", "mse", "mae", "mape", "smape", "rmsle", "msle"),
    *("median_ae", "max_error", "deviance", "error_rate", "ece", "perplexity", "wape"),
)
_AVERAGES = ("_macro", "_micro", "_weighted")
_KNOWN = dict.fromkeys(_HIGHER, Direction.HIGHER) | dict.fromkeys(_LOWER, Direction.LOWER)
_ORDER = {name: place for place, name in enumerate(_KNOWN)}
_COUNTS = ("rows", "labels_missing", "n", "count", "support")
"""Figures that describe the rows, not the model."""


def direction_of(metric: str) -> Direction | None:
    """Which values of a metric are better; None if its name doesn't say."""
    name = metric.lower().replace("-", "_")
    for average in _AVERAGES:
        name = name.removesuffix(average)
    # The longest known name at the end: of `late_log_loss` log_loss, not loss.
    words = name.split("_")
    return next((_KNOWN[end] for end in map("_".join, _ends(words)) if end in _KNOWN), None)


def directions_of(metrics: Iterable[str]) -> dict[str, Direction]:
    """The metrics whose direction is known, with it."""
    return {metric: direction for metric in metrics if (direction := direction_of(metric)) is not None}


def first_metric(metrics: Mapping[str, Any], headline: Sequence[str] = ()) -> str | None:
    """The metric that a person judges a version by first; None if no metric is numeric.

    Of the metrics in `headline`, in their order, or without these of all: the first one with a known direction, else
    the first number that doesn't count rows.
    """
    names = [name for name in headline if name in metrics] or [*metrics]
    numbers = [name for name in names if _is_number(metrics[name])]
    known = [name for name in numbers if direction_of(name) is not None]
    if not headline:
        known.sort(key=lambda name: _ORDER.get(name.lower(), len(_ORDER)))
    return next(iter(known + [name for name in numbers if not _counts_rows(name)]), None)


def _ends(words: Sequence[str]) -> Iterable[Sequence[str]]:
    return (words[start:] for start in range(len(words)))


def _counts_rows(metric: str) -> bool:
    return metric in _COUNTS or metric.endswith(tuple(f"_{name}" for name in _COUNTS))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
