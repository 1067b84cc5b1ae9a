"""The standard evaluation: metrics, and plots as data, of rows that the ModelScorer has scored.

main.py loads this module by its path, with the modules of the measures. It imports the standard library, Arrow and
NumPy; the measures import scikit-learn.
"""

from __future__ import annotations

import importlib
import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelops.runtime.child import classification, plots, regression
else:
    import _modelops_classification as classification
    import _modelops_plots as plots
    import _modelops_regression as regression

METRICS, DETAILS = "metrics.json", "modelops_evaluation.json"
OWN = "an evaluate(context) in model_modules/evaluation.py"
MAX_CLASSES = 1_000
DETAILED_TARGETS = 2
"""So many targets, the first ones, have plots, classes, slices and all metrics; the others have headline metrics."""
MAX_HEADLINE = 50
"""As in kinds/model/details.py."""
RANGE_TOLERANCE, SUM_TOLERANCE = 1e-6, 1e-4
"""How far probabilities may be outside of 0 and 1, and their sums from 1, by the rounding of float32."""
MAX_SLICES, MAX_VALUES = 20, 100_000
"""Slices of a column, and different values that it may have."""
LONGEST = 200
"""Maximum characters of the name of a class or of a slice."""
LONGEST_IN_PLOT = 60
"""Maximum characters of the name of a class in a plot."""

Found = tuple[dict[str, Any], dict[str, str]]
"""Metrics, and the reasons of those that are None."""


class EvaluationError(Exception):
    """The standard evaluation can't measure this model on these rows. `name` says what would be right."""

    kind = "wrong_result"

    def __init__(self, what: str, *, right: str) -> None:
        super().__init__(what)
        self.name = right


def evaluate(context: Any, scorer: Any, kind: str | None, *, scored: str, slice_by: list[str]) -> None:
    """Write metrics.json and modelops_evaluation.json.

    Args:
        scorer: a ModelScorer, the standard one or the model's own; its `classes_` or `classes` are in order.
        kind: `classifier` or `regressor`; empty: neither; None: the predictions show it.
        scored: the Parquet file of the rows, in the order of the dataset's: structs `key`, `target` and `prediction`.
        slice_by: columns of the dataset by whose values the metrics are repeated.

    Raises:
        EvaluationError: there is no standard evaluation for this model, or labels and predictions can't be compared.
    """
    if kind == "":
        raise EvaluationError(
            "the estimator is neither a classifier nor a regressor, and there is no standard evaluation of others",
            right=OWN,
        )
    read = partial(importlib.import_module("pyarrow.parquet").read_table, scored)
    table = read(columns=["target", "prediction"]).flatten()
    targets = context.dataset_info.target_names
    subjects = [
        _subject(target, table, _classes_of(scorer, number, len(targets)), kind, partial(read, columns=["key"]))
        for number, target in enumerate(targets)
    ]
    kinds = sorted({subject.kind for subject in subjects})
    metrics: dict[str, Any] = {"evaluation": f"standard evaluation ({', '.join(kinds)})", "rows": table.num_rows}
    headline, undefined = list(metrics), dict[str, str]()
    details: dict[str, list[Any]] = {"classes": [], "plots": [], "slices": []}
    for number, subject in enumerate(subjects):
        prefix = f"{subject.target}_" if len(targets) > 1 else ""
        found, reasons = subject.measure(subject.labelled, headline_only=number >= DETAILED_TARGETS)
        found = {"labels_missing": table.num_rows - int(subject.labelled.sum()), **found}
        if found["labels_missing"]:
            headline.append(f"{prefix}labels_missing")
        headline += [f"{prefix}{name}" for name in subject.headline if name in found]
        metrics |= {f"{prefix}{name}": value for name, value in found.items()}
        undefined |= {f"{prefix}{name}": reason for name, reason in reasons.items()}
        if number < DETAILED_TARGETS:
            details["plots"] += [{"target": subject.target, **plot} for plot in subject.plots()]
            details["classes"] += [{"target": subject.target, **one} for one in subject.classes()]
    if slice_by:
        details["slices"] = list(_slices(context.read_arrow().select(slice_by), subjects[:DETAILED_TARGETS]))
    for name, value in metrics.items():
        shown = f"{value:,.4f}" if isinstance(value, float) else value
        print(f"{name:>12}  {f'none: {undefined[name]}' if value is None else shown}")
    output = Path(context.artifact_output_path)
    for file, content in (
        (METRICS, metrics),
        (DETAILS, {"headline": headline[:MAX_HEADLINE], "undefined": undefined, **details}),
    ):
        (output / file).write_text(json.dumps(content, allow_nan=False) + "\n", encoding="utf-8")


class _Subject:
    """A target with its labels and predictions. `labelled` is a mask of the rows that have a label."""

    kind: str
    headline: tuple[str, ...]

    def __init__(self, target: str, labelled: Any) -> None:
        self.target, self.labelled = target, labelled

    def measure(self, rows: Any, *, headline_only: bool = False, of_part: bool = False) -> Found:
        """The metrics of some of the labelled rows, by a mask, and the reasons of those that are None.

        `of_part`: they are a part of the labelled rows; see `classification.measure`.
        """
        raise NotImplementedError

    def plots(self) -> list[dict[str, Any]]:
        """The plots of the labelled rows."""
        raise NotImplementedError

    def classes(self) -> list[dict[str, Any]]:
        """The figures of each class."""
        return []


class _Regression(_Subject):
    kind, headline = "regressor", regression.HEADLINE

    def __init__(self, target: str, labelled: Any, labels: Any, predicted: Any) -> None:
        super().__init__(target, labelled)
        self._labels, self._predicted = labels, predicted

    def measure(self, rows: Any, *, headline_only: bool = False, of_part: bool = False) -> Found:
        del of_part  # no metric of a regressor depends on other rows
        found, reasons = regression.measure(self._labels[rows], self._predicted[rows])
        names = self.headline if headline_only else found
        return {name: found[name] for name in names}, {name: reasons[name] for name in names if name in reasons}

    def plots(self) -> list[dict[str, Any]]:
        return plots.residuals(self._labels[self.labelled], self._predicted[self.labelled])


class _Classification(_Subject):
    """`labels` and `predicted` are numbers of classes, `known` is how many of these are the model's own."""

    kind = "classifier"

    def __init__(
        self, target: str, labelled: Any, labels: Any, predicted: Any, probabilities: Any, names: list[str], known: int
    ) -> None:
        super().__init__(target, labelled)
        self._labels, self._predicted, self._probabilities = labels, predicted, probabilities
        self._names, self._known = names, known
        self.headline = classification.HEADLINE if known == 2 else classification.HEADLINE_OF_MANY

    def measure(self, rows: Any, *, headline_only: bool = False, of_part: bool = False) -> Found:
        return classification.measure(
            self._labels[rows],
            self._predicted[rows],
            None if self._probabilities is None else self._probabilities[rows],
            classes=self._names,
            known=self._known,
            wanted=self.headline if headline_only else None,
            of_part=of_part,
        )

    def plots(self) -> list[dict[str, Any]]:
        labels, predicted = self._labels[self.labelled], self._predicted[self.labelled]
        names = [_cut(name, LONGEST_IN_PLOT) for name in self._names]
        found = [plots.confusion(labels, predicted, classes=names)]
        if self._known == 2 and self._probabilities is not None and (labels < 2).all():
            found += plots.of_probabilities(labels == 1, self._probabilities[self.labelled][:, 1])
        return found

    def classes(self) -> list[dict[str, Any]]:
        return classification.of_classes(
            self._labels[self.labelled], self._predicted[self.labelled], classes=self._names
        )


def _subject(
    target: str, table: pa.Table, own: list[Any] | None, kind: str | None, keys: Callable[[], pa.Table]
) -> _Subject:
    """`own` are the classes that the ModelScorer names for this target; None if it names none."""
    given = {
        name.removeprefix("prediction."): table[name] for name in table.schema.names if name.startswith("prediction.")
    }
    if target not in given:
        raise EvaluationError(
            f"predict() gives the columns {', '.join(given)}, and none that is named like the target {target}",
            right=f"such a column, or {OWN}",
        )
    labels = table[f"target.{target}"].combine_chunks()
    if pa.types.is_floating(labels.type):
        labels = pc.if_else(pc.is_nan(labels), pa.scalar(None, labels.type), labels)
    labelled = labels.is_valid().to_numpy(zero_copy_only=False)
    if kind is None:
        kind = _kind_of(target, labels.type, given, own)
    if kind == "regressor":
        values, predicted = (_numbers(each, target) for each in (labels, given[target].combine_chunks()))
        infinite = pc.invert(pc.is_finite(pa.array(values)))
        _refuse(infinite, keys, lambda row: f"{target} is {values[row]}", "finite numbers", labelled)
        return _Regression(target, labelled, values, predicted)
    return _of_classes(target, labels, labelled, given, own, keys)


def _kind_of(target: str, labels: pa.DataType, given: dict[str, Any], own: list[Any] | None) -> str:
    """The kind of a model with a ModelScorer of its own, derived from its predictions."""
    has_probabilities = any(name.startswith(f"{target}_probability") for name in given)
    is_number = pa.types.is_integer(labels) or pa.types.is_floating(labels)
    is_classifier = has_probabilities or own is not None or not is_number
    return "classifier" if is_classifier else "regressor"


def _classes_of(scorer: Any, number: int, targets: int) -> list[Any] | None:
    """The classes of a target, by its number; of several targets, one list for each, or one for the first alone."""
    classes = getattr(scorer, "classes_", getattr(scorer, "classes", None))
    if targets > 1:
        if isinstance(classes, (list, tuple)) and len(classes) == targets and all(map(_is_list, classes)):
            classes = classes[number]
        elif number:
            return None
    try:
        return [getattr(each, "item", lambda each=each: each)() for each in classes]  # type: ignore[union-attr]
    except (TypeError, ValueError):
        return None


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) == 1


def _of_classes(
    target: str,
    labels: pa.Array,
    labelled: Any,
    given: dict[str, Any],
    own: list[Any] | None,
    keys: Callable[[], pa.Table],
) -> _Classification:
    predicted = _as_labels(given[target].combine_chunks(), labels.type, f"the prediction {target}")
    seen = set(_distinct(labels, target)) | set(_distinct(predicted, target))
    prefix = f"{target}_probability"
    if own is None:
        named = dict(_named_classes(prefix, given, labels.type))
        if pa.types.is_boolean(labels.type):
            seen |= {False, True}
        elif pa.types.is_integer(labels.type) and prefix in given and seen <= {0, 1}:
            seen |= {0, 1}
        classes = sorted(seen | set(named))
        columns, known = [named.get(each, "") for each in classes], len(classes)
    else:
        classes = _as_labels(pa.array(own), labels.type, "classes_ of the model").to_pylist()
        columns, known = [f"{prefix}_{each}" for each in own], len(classes)
        classes += sorted(seen - set(classes))
    value_set = pa.array(classes, labels.type)
    of_labels, of_predicted = (
        pc.fill_null(pc.index_in(each, value_set=value_set), 0).to_numpy(zero_copy_only=False).astype("int64")
        for each in (labels, predicted)
    )
    probabilities = _probabilities(prefix, columns, given, keys)
    names = [_text(one) for one in classes]
    return _Classification(target, labelled, of_labels, of_predicted, probabilities, names, known)


def _named_classes(prefix: str, given: dict[str, Any], wanted: pa.DataType) -> Iterator[tuple[Any, str]]:
    """Yield the classes that the names of probabilities have, each with the name."""
    for name in given:
        if name.startswith(f"{prefix}_"):
            with suppress(pa.ArrowException):  # a name that starts so and isn't that of a probability
                yield pa.scalar(name.removeprefix(f"{prefix}_")).cast(wanted).as_py(), name


def _probabilities(prefix: str, columns: list[str], given: dict[str, Any], keys: Callable[[], pa.Table]) -> Any:
    """The probabilities of the model's classes, an array of shape (rows, classes) of rows that sum to 1; or None."""
    numpy = importlib.import_module("numpy")
    if len(columns) == 2 and prefix in given:
        found = _numbers(given[prefix].combine_chunks(), prefix)[:, None]
    elif columns and all(name in given for name in columns):
        found = numpy.column_stack([_numbers(given[name].combine_chunks(), name) for name in columns])
    else:
        return None
    outside = ((found < -RANGE_TOLERANCE) | (found > 1 + RANGE_TOLERANCE)).any(axis=1)
    expected = "probabilities between 0 and 1"
    _refuse(outside, keys, lambda row: f"{prefix} is {', '.join(map(str, found[row]))}", expected)
    found = found.clip(0, 1)
    if found.shape[1] == 1 and len(columns) == 2:
        return numpy.column_stack([1 - found, found])
    sums = found.sum(axis=1)
    off = abs(sums - 1) > SUM_TOLERANCE
    _refuse(off, keys, lambda row: f"the sum of {prefix}_… is {sums[row]:.6g}", "probabilities whose sum is 1")
    return found


def _refuse(mask: Any, keys: Callable[[], pa.Table], what: Any, expected: str, among: Any = None) -> None:
    """Refuse the first row of a mask, and name it by its entity key; `among`: a mask of the rows that matter."""
    numpy = importlib.import_module("numpy")
    mask = numpy.asarray(mask) if among is None else numpy.asarray(mask) & among
    if not mask.any():
        return
    row = int(mask.argmax())
    key = ", ".join(f"{name} = {value}" for name, value in keys()["key"][row].as_py().items())
    raise EvaluationError(f"{what(row)} in the row {key}, one of {int(mask.sum()):,}", right=f"{expected}; or {OWN}")


def _numbers(array: pa.Array, name: str) -> Any:
    """The values as float64, to which integers beyond 2**53 are rounded; null is NaN."""
    try:
        return array.cast(pa.float64(), safe=not pa.types.is_integer(array.type)).to_numpy(zero_copy_only=False)
    except pa.ArrowException:
        raise EvaluationError(f"{name} is {array.type}, which are no numbers", right=f"numbers; or {OWN}") from None


def _as_labels(array: pa.Array, wanted: pa.DataType, what: str) -> pa.Array:
    """The values in the type of the labels, if that changes none of them: '1' can be compared with 1, and 0.7 can't."""
    try:
        found = array.cast(wanted)
        if found.cast(array.type).equals(array):
            return found
    except pa.ArrowException:
        pass
    raise EvaluationError(
        f"{what} is {array.type}, and can't be compared with labels that are {wanted}",
        right=f"values of the type of the target; or {OWN}",
    )


def _distinct(array: pa.Array, target: str) -> list[Any]:
    found: list[Any] = [value for value in array.unique().to_pylist() if value is not None]
    if len(found) > MAX_CLASSES:
        raise EvaluationError(
            f"{target} has {len(found):,} different values", right=f"at most {MAX_CLASSES:,} classes; or {OWN}"
        )
    return found


def _text(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _cut(text, LONGEST)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _slices(columns: pa.Table, subjects: list[_Subject]) -> Iterator[dict[str, Any]]:
    """Yield the headline metrics of the rows with each value of a column.

    Of more than twenty values, the most frequent ones have slices of their own, and the last slice has the others.
    """
    numpy = importlib.import_module("numpy")
    for name in columns.schema.names:
        encoded = columns[name].dictionary_encode(null_encoding="encode").unify_dictionaries().combine_chunks()
        count = len(encoded.dictionary)
        if count > MAX_VALUES:
            raise EvaluationError(
                f"the column {name} in slice_by has {count:,} different values",
                right=f"at most {MAX_VALUES:,}; round or bin the values in the SQL of the dataset",
            )
        numbers = encoded.indices.to_numpy()
        counts = pa.table({"rows": numpy.bincount(numbers, minlength=count), "value": encoded.dictionary})
        # At the same number of rows, in the order of the values, and null last.
        order = pc.sort_indices(counts, sort_keys=[("rows", "descending"), ("value", "ascending")])
        shown = order[: count if count <= MAX_SLICES else MAX_SLICES - 1]
        places = numpy.full(count, -1)
        places[shown.to_numpy()] = numpy.arange(len(shown))
        numbers = places[numbers]
        groups = [(number, value, 0) for number, value in enumerate(encoded.dictionary.take(shown).to_pylist())]
        if count > len(shown):
            groups.append((-1, None, count - len(shown)))
        for number, value, others in groups:
            rows = numbers == number
            for subject in subjects:
                found, reasons = subject.measure(rows & subject.labelled, headline_only=True, of_part=True)
                kept = [each for each in subject.headline if each in found]
                yield {
                    "column": name,
                    "value": None if value is None else _text(value),
                    "others": others,
                    "target": subject.target,
                    "rows": int(rows.sum()),
                    "labels_missing": int((rows & ~subject.labelled).sum()),
                    "metrics": {each: found[each] for each in kept},
                    "undefined": {each: reasons[each] for each in kept if each in reasons},
                }
