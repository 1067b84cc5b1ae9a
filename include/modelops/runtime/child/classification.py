"""The metrics of a classifier on rows whose labels are known, by the definitions of sklearn.metrics.

main.py loads this module by its path for the standard evaluation. It imports packages of the model's environment where
they are needed. A metric that the rows don't define is None and has a reason, where scikit-learn gives 0, NaN or an
error.
"""

from __future__ import annotations

import importlib
import math
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

HEADLINE = ("accuracy", "f1", "precision", "recall", "auc", "log_loss", "brier")
HEADLINE_OF_MANY = ("accuracy", "f1_macro", "precision_macro", "recall_macro", "log_loss")
OF_PREDICTIONS = ("accuracy", "balanced_accuracy", "f1_macro", "precision_macro", "recall_macro", "mcc")
OF_POSITIVE = ("f1", "precision", "recall", "prevalence")
OF_PROBABILITIES = ("auc", "average_precision", "log_loss", "brier")
OF_PROBABILITIES_OF_MANY = ("auc_macro", "average_precision_macro", "log_loss", "brier")

MAX_NAMED = 50
"""Maximum number of classes with figures, and for metrics that are means over the curves of each class."""
NO_LABEL = "no row has a label"
NOT_FINITE = "it has no finite value on these rows"

Figures = dict[str, "float | None"]
Reasons = dict[str, str]


def measure(
    labels: Any,
    predicted: Any,
    probabilities: Any,
    *,
    classes: list[str],
    known: int,
    wanted: Collection[str] | None = None,
    of_part: bool = False,
) -> tuple[Figures, Reasons]:
    """The metrics, and for each that is None the reason. Of two known classes the second is the positive one.

    Args:
        labels: the number of each row's class, an integer array of shape (rows,).
        predicted: the number of the class that is predicted for it, as `labels`.
        probabilities: of the known classes, a float64 array of shape (rows, known); of rows that sum to 1. None: the
            model gives none, and the metrics that need them are omitted.
        classes: the names of all classes.
        known: so many of them, from the first, are the model's own; the others are among the labels and predictions.
        wanted: only metrics of these names; None: all.
        of_part: the rows are a part of those that are evaluated. The means over classes (`f1_macro`, `precision_macro`,
            `recall_macro`) are then over those that are among the labels or the predictions of these rows.
    """
    binary = known == 2
    of_probabilities = OF_PROBABILITIES if binary else OF_PROBABILITIES_OF_MANY
    names = [
        name
        for name in (
            *OF_PREDICTIONS,
            *(OF_POSITIVE if binary else ()),
            *(of_probabilities if probabilities is not None else ()),
        )
        if wanted is None or name in wanted
    ]
    if not len(labels):
        return dict.fromkeys(names), dict.fromkeys(names, NO_LABEL)
    reasons = dict(_undefined_of_predictions(labels, predicted, classes))
    if binary:
        reasons |= dict(_undefined_of_positive(labels, predicted, classes))
    if probabilities is not None:
        reasons |= dict(_undefined_of_probabilities(labels, classes, known))
    averaged = sorted({*labels.tolist(), *predicted.tolist()}) if of_part else list(range(len(classes)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what scikit-learn warns of has a reason above, or is documented
        found: Figures = {
            name: None if name in reasons else _value(name, labels, predicted, probabilities, averaged, known)
            for name in names
        }
    for name, value in found.items():
        if value is not None and not math.isfinite(value):
            found[name], reasons[name] = None, NOT_FINITE
    return found, {name: reason for name, reason in reasons.items() if name in found}


def of_classes(labels: Any, predicted: Any, *, classes: list[str]) -> list[dict[str, Any]]:
    """The figures of each class, of at most 50 the most frequent ones among the labels.

    `rows` and `predicted` are numbers of rows; `precision`, `recall` and `f1` are None where they aren't defined.
    """
    numpy = importlib.import_module("numpy")
    of_labels, of_predicted = (numpy.bincount(each, minlength=len(classes)) for each in (labels, predicted))
    hits = numpy.bincount(labels[labels == predicted], minlength=len(classes))
    chosen = sorted(sorted(range(len(classes)), key=lambda number: -of_labels[number])[:MAX_NAMED])
    return [
        {
            "class": classes[number],
            "rows": int(of_labels[number]),
            "predicted": int(of_predicted[number]),
            "precision": _ratio(hits[number], of_predicted[number]),
            "recall": _ratio(hits[number], of_labels[number]),
            "f1": _ratio(2 * hits[number], of_labels[number] + of_predicted[number]),
        }
        for number in chosen
    ]


def _ratio(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


def _undefined_of_predictions(labels: Any, predicted: Any, classes: list[str]) -> Any:
    label, prediction = _only(labels), _only(predicted)
    if label is not None:
        yield from dict.fromkeys(("balanced_accuracy", "mcc"), f"every label is {classes[label]}").items()
    elif prediction is not None:
        yield "mcc", f"every prediction is {classes[prediction]}"


def _undefined_of_positive(labels: Any, predicted: Any, classes: list[str]) -> Any:
    no_label, no_prediction = not (labels == 1).any(), not (predicted == 1).any()
    if no_label:
        yield "recall", f"no label is {classes[1]}"
    if no_prediction:
        yield "precision", f"no prediction is {classes[1]}"
    if no_label and no_prediction:
        yield "f1", f"no label and no prediction is {classes[1]}"


def _undefined_of_probabilities(labels: Any, classes: list[str], known: int) -> Any:
    unknown = labels[labels >= known]
    if known < 2:
        yield from _all(f"the only class of the model is {classes[0]}")
    elif len(unknown):
        yield from _all(f"a label is {classes[unknown[0]]}, for which the model has no probability")
    elif known == 2:
        label = _only(labels)
        if label is not None:
            yield "auc", f"every label is {classes[label]}"
        if not (labels == 1).any():
            yield "average_precision", f"no label is {classes[1]}"
    elif known > MAX_NAMED:
        many = f"the model has more than {MAX_NAMED} classes"
        yield from dict.fromkeys(("auc_macro", "average_precision_macro"), many).items()
    else:
        numpy = importlib.import_module("numpy")
        missing = numpy.flatnonzero(numpy.bincount(labels, minlength=known) == 0)
        if len(missing):
            without = f"no label is {classes[missing[0]]}"
            yield from dict.fromkeys(("auc_macro", "average_precision_macro"), without).items()


def _all(reason: str) -> Any:
    return dict.fromkeys({*OF_PROBABILITIES, *OF_PROBABILITIES_OF_MANY}, reason).items()


def _only(numbers: Any) -> int | None:
    """The number of the only class; None if there are several."""
    return int(numbers[0]) if (numbers == numbers[0]).all() else None


def _value(name: str, labels: Any, predicted: Any, probabilities: Any, averaged: list[int], known: int) -> float:
    if name in OF_PROBABILITIES or name in OF_PROBABILITIES_OF_MANY:
        return float(_of_probabilities(name, labels, probabilities, known))
    metrics = importlib.import_module("sklearn.metrics")
    match name:
        case "accuracy" | "balanced_accuracy":
            found = getattr(metrics, f"{name}_score")(labels, predicted)
        case "mcc":
            found = metrics.matthews_corrcoef(labels, predicted)
        case "prevalence":
            found = (labels == 1).mean()
        case "f1" | "precision" | "recall":
            found = getattr(metrics, f"{name}_score")(labels == 1, predicted == 1, zero_division=0)
        case _:
            score = getattr(metrics, f"{name.removesuffix('_macro')}_score")
            found = score(labels, predicted, labels=averaged, average="macro", zero_division=0)
    return float(found)


def _of_probabilities(name: str, labels: Any, probabilities: Any, known: int) -> Any:
    metrics = importlib.import_module("sklearn.metrics")
    if name == "log_loss":
        return metrics.log_loss(labels, probabilities, labels=list(range(known)))
    if known == 2:  # of both classes, the second alone is measured
        labels, probabilities = labels - 1, probabilities[:, 1:]
    count = probabilities.shape[1]
    each = ((labels == one, probabilities[:, one]) for one in range(count))
    if name == "brier":
        return sum(((probability - is_one) ** 2).mean() for is_one, probability in each)
    score = metrics.roc_auc_score if name.startswith("auc") else metrics.average_precision_score
    return sum(score(is_one, probability) for is_one, probability in each) / count
