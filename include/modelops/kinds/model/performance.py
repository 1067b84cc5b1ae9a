"""The metrics of published predictions whose labels are known, with confidence intervals."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import LabelsError
from modelops.domain.labels import ModelType
from modelops.statistics.confidence import jackknife, wilson
from modelops.statistics.label_metrics import of_classifier, of_regressor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    import numpy as np
    import pyarrow as pa

    from modelops.data.labels import LabelledPredictions
    from modelops.domain.labels import Truth

MAX_CLASSES = 1_000
"""Maximum different labels of a classifier."""
UP_TO_ONE = frozenset(
    {"accuracy", "auc", "brier", "f1", "precision", "recall", "positive_rate", "predicted_rate"}
    | {"f1_macro", "precision_macro", "recall_macro"}
)
"""Metrics between 0 and 1."""
METRICS = {
    ModelType.CLASSIFIER: tuple(sorted(UP_TO_ONE | {"log_loss"})),
    ModelType.REGRESSOR: ("label_mean", "mae", "mse", "predicted_mean", "r2", "rmse"),
}
"""The names of all metrics by the type of the model."""
NOT_NEGATIVE = frozenset({"log_loss", "mae", "mse", "rmse"})
POSITIVE = 1
"""The number of the positive class: the second one if there are two."""
WHERE = "the labels and the predictions"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric of a target, with the ends of its 95 % confidence interval; None: there is no interval."""

    target: str
    name: str
    value: float
    lower: float | None
    upper: float | None

    def as_record(self) -> dict[str, Any]:
        """The metric as the registry stores it."""
        return {
            "target": self.target,
            "metric": self.name,
            "value": self.value,
            "lower": self.lower,
            "upper": self.upper,
        }


@dataclass(frozen=True)
class _Columns:
    """The labels and the predictions of a target, arrays of shape (rows,).

    For a classifier, `classes` has the classes in order, and the arrays have their positions from 0; for a regressor,
    `classes` is None.
    """

    target: str
    classes: Sequence[Any] | None
    labels: np.ndarray
    given: Mapping[str, np.ndarray]

    def where(self, rows: np.ndarray) -> _Columns:
        """Some of the rows, by a mask."""
        given = {name: array[rows] for name, array in self.given.items()}
        return _Columns(self.target, self.classes, self.labels[rows], given)

    @property
    def is_binary(self) -> bool:
        """Whether there are two classes."""
        return self.classes is not None and len(self.classes) == 2

    @property
    def positives(self) -> int:
        """The number of labels of the positive class."""
        return int((self.labels == POSITIVE).sum())

    @property
    def predicted_positives(self) -> int | None:
        """The number of predictions of the positive class; None: there are probabilities only."""
        predicted = self.given.get(self.target)
        return None if predicted is None else int((predicted == POSITIVE).sum())


def columns_of_target(target: str, outputs: Collection[str]) -> list[str]:
    """The predictions of a target: its value or class, and the probabilities of classes."""
    probability = f"{target}_probability"
    return [name for name in outputs if name in (target, probability) or name.startswith(f"{probability}_")]


def check_outputs(truth: Truth, outputs: Mapping[str, str], labels: Mapping[str, str], *, where: str) -> None:
    """Check that each target has predictions that can be compared with its labels.

    Args:
        outputs: the Arrow types of the predictions, by name.
        labels: the Arrow types of the labels, by target.

    Raises:
        LabelsError: a target has no such predictions.
    """
    for target in truth.targets:
        names = columns_of_target(target, outputs)
        of_type = _type_of(truth, target, labels[target], names)
        if not names or (of_type is ModelType.REGRESSOR and target not in names):
            wanted = target if of_type is ModelType.REGRESSOR else f"{target} or {target}_probability"
            raise LabelsError(
                f"there is no prediction for the target {target}: the predictions are {', '.join(outputs)}",
                where=where,
                expected=f"a ModelScorer that returns {wanted}; or measure_performance: false",
            )
        if target in names and not _comparable(outputs[target], labels[target]):
            raise _not_comparable(f"the prediction {target}", outputs[target], labels[target], where)


def _kind_of(arrow: str) -> str:
    if arrow in ("float", "double", "halffloat"):
        return "floating"
    if arrow.startswith(("int", "uint")):
        return "integer"
    return "text" if arrow in ("string", "large_string") else arrow


def _comparable(prediction: str, label: str) -> bool:
    """Whether values of one Arrow type can be read as those of another without a change of meaning."""
    pair = _kind_of(prediction), _kind_of(label)
    return pair[0] == pair[1] or set(pair) <= {"integer", "floating"} or set(pair) == {"integer", "bool"}


def _not_comparable(what: str, found: object, wanted: object, where: str) -> LabelsError:
    return LabelsError(
        f"{what} is {found}, and can't be compared with labels that are {wanted}",
        where=where,
        expected="labels of the type of the predictions: a cast in the SELECT",
    )


def metrics_of(
    labelled: LabelledPredictions,
    truth: Truth,
    *,
    classes: Mapping[str, Sequence[Any]],
    positive: Any = None,
    say: Callable[[str], object],
) -> list[Metric]:
    """The metrics of each target for the model's type.

    Args:
        classes: the known classes of each target in the training, in the type of the labels.
        positive: the class whose probability is published; None: of two, the second one in their order.
        say: called with a sentence for each metric that is undefined.

    Raises:
        LabelsError: labels and predictions can't be compared, or have no metrics.
    """
    if not labelled.labelled:
        return []
    found: list[Metric] = []
    for target in truth.targets:
        try:
            found += _target_metrics(
                _columns(labelled, truth, target, classes.get(target, ()), positive), labelled.group, say
            )
        except (ValueError, ArithmeticError) as error:
            raise LabelsError(
                f"the metrics of {target} can't be computed: {error}",
                where=WHERE,
                expected="finite labels, and probabilities between 0 and 1",
            ) from error
    return found


def _target_metrics(columns: _Columns, groups: pa.ChunkedArray, say: Callable[[str], object]) -> Iterator[Metric]:
    group = groups.to_numpy()
    values = _values(columns, say)
    without = [_values(columns.where(group != one), lambda _: None) for one in sorted(set(group.tolist()))]
    for name, value in values.items():
        lower, upper = _interval(name, value, columns, [each.get(name) for each in without]) or (None, None)
        yield Metric(target=columns.target, name=name, value=value, lower=lower, upper=upper)


def _columns(labelled: LabelledPredictions, truth: Truth, target: str, known: Sequence[Any], positive: Any) -> _Columns:
    labels = labelled.labels[target]
    predicted = {name: labelled.predicted[name] for name in columns_of_target(target, labelled.predicted)}
    if _type_of(truth, target, str(labels.type), predicted) is ModelType.CLASSIFIER:
        return _class_columns(target, labels, predicted, known, positive)
    values = _numbers(predicted[target], f"the prediction {target}")
    return _Columns(target, None, _numbers(labels, f"the label {target}"), {target: values})


def _class_columns(
    target: str, labels: pa.ChunkedArray, predicted: Mapping[str, pa.ChunkedArray], known: Sequence[Any], positive: Any
) -> _Columns:
    import pyarrow as pa
    import pyarrow.compute as pc

    class_probability = f"{target}_probability_"
    named = [name.removeprefix(class_probability) for name in predicted if name.startswith(class_probability)]
    found = {*_distinct_values(labels), *_known_classes(labels.type, (*known, *named))}
    chosen = None
    if target in predicted:
        chosen = _cast(predicted[target], labels.type, f"the prediction {target}")
        found |= {*_distinct_values(chosen)}
    classes = sorted(found)
    if (
        len(classes) == 2
        and positive is not None
        and classes[0] in _known_classes(labels.type, [positive], all_of=False)
    ):
        classes.reverse()
    if len(classes) > MAX_CLASSES:
        raise LabelsError(
            f"{target} has {len(classes):,} different values",
            where=WHERE,
            expected=f"at most {MAX_CLASSES:,} classes; or labels: {{type: regressor}} in datasets.yaml",
        )
    value_set = pa.array(classes, labels.type)
    given = {} if chosen is None else {target: pc.index_in(chosen, value_set=value_set).to_numpy()}
    numbered = {f"{class_probability}{one}": f"{class_probability}{number}" for number, one in enumerate(classes)}
    for name, array in predicted.items():
        if name == f"{target}_probability" or name in numbered:
            given[numbered.get(name, name)] = _numbers(array, f"the prediction {name}")
    return _Columns(target, classes, pc.index_in(labels, value_set=value_set).to_numpy(), given)


def _type_of(truth: Truth, target: str, label: str, names: Collection[str]) -> ModelType:
    """The declared type; by default a classifier if there are probabilities, or if the labels are not numbers."""
    has_probabilities = any(name != target for name in names)
    is_number = _kind_of(label) in ("integer", "floating")
    return truth.type or (ModelType.CLASSIFIER if has_probabilities or not is_number else ModelType.REGRESSOR)


def _known_classes(wanted: pa.DataType, classes: Sequence[Any], *, all_of: bool = True) -> set[Any]:
    """Convert the classes of the training, and those in the names of probabilities, to the type of the labels.

    With `all_of`, both truth values are known without being named.
    """
    import pyarrow as pa

    if pa.types.is_boolean(wanted) and all_of:
        return {False, True}
    found = set()
    for value in classes:
        with suppress(pa.ArrowException):  # the rest of a name that starts with the prefix but isn't a probability
            found.add(pa.scalar(value).cast(wanted).as_py())
    return found


def _distinct_values(array: pa.ChunkedArray) -> list[Any]:
    found: list[Any] = array.unique().to_pylist()
    return [value for value in found if value is not None]


def _cast(array: pa.ChunkedArray, wanted: pa.DataType, what: str) -> pa.ChunkedArray:
    import pyarrow as pa

    try:
        if _comparable(str(array.type), str(wanted)):
            return array.cast(wanted)
    except pa.ArrowException:
        pass
    raise _not_comparable(what, array.type, wanted, WHERE)


def _numbers(array: pa.ChunkedArray, what: str) -> np.ndarray:
    import pyarrow as pa

    try:
        numbers: np.ndarray = array.cast(pa.float64()).to_numpy()
    except pa.ArrowException:
        raise LabelsError(f"{what} is {array.type}", where=WHERE, expected="numbers") from None
    return numbers


def _values(columns: _Columns, say: Callable[[str], object]) -> dict[str, float]:
    import numpy as np

    labels, given, target = columns.labels, dict(columns.given), columns.target
    if not len(labels):
        return {}
    if columns.classes is None:
        with np.errstate(over="ignore", invalid="ignore"):  # metrics that aren't finite are left out below
            found = of_regressor(labels, given[target])
        found |= {"label_mean": float(np.mean(labels)), "predicted_mean": float(np.mean(given[target]))}
    else:
        found = of_classifier(labels, given, target, range(len(columns.classes)), warn=lambda _: None)
        if columns.is_binary:
            predicted = given.get(f"{target}_probability")
            predicted = given[target] == POSITIVE if predicted is None else predicted
            found |= {"positive_rate": columns.positives / len(labels), "predicted_rate": float(np.mean(predicted))}
    return dict(_defined(found, columns, say))


def _defined(
    found: Mapping[str, float], columns: _Columns, say: Callable[[str], object]
) -> Iterator[tuple[str, float]]:
    """Yield the metrics that are defined on these rows, and log the reason for each other one."""
    undefined = dict(_undefined(columns))
    for name, value in found.items():
        why = undefined.get(name) or (None if math.isfinite(value) else "it has no finite value on these rows")
        if why is None:
            yield name, value
        else:
            say(f"{name} is left out: {why}")
    if columns.is_binary and "auc" in undefined and "brier" in found:
        say(f"auc is left out: {undefined['auc']}")


def _undefined(columns: _Columns) -> Iterator[tuple[str, str]]:
    first = columns.labels[0]
    if (columns.labels == first).all():
        label = first if columns.classes is None else columns.classes[first]
        yield ("r2" if columns.classes is None else "auc"), f"every label of {columns.target} is {label}"
    if columns.is_binary:
        if not columns.positives:
            yield "recall", "no label is of the positive class"
        if not columns.predicted_positives:
            yield "precision", "nothing is predicted to be of the positive class"
        if not columns.positives and not columns.predicted_positives:
            yield "f1", "no label and no prediction is of the positive class"


def _interval(
    name: str, value: float, columns: _Columns, without: Sequence[float | None]
) -> tuple[float, float] | None:
    if (trials := _trials(name, columns)) is not None:
        return wilson(round(value * trials), trials)
    known = [each for each in without if each is not None]
    interval = jackknife(value, known) if len(known) == len(without) else None
    if interval is None:
        return None
    lower, upper = interval
    if name in UP_TO_ONE or name in NOT_NEGATIVE:
        lower = max(lower, 0.0)
    if name in UP_TO_ONE or name == "r2":
        upper = min(upper, 1.0)
    return min(lower, value), max(upper, value)


def _trials(name: str, columns: _Columns) -> int | None:
    """The denominator of a metric that is a proportion of rows; None for other metrics."""
    if name in ("accuracy", "positive_rate"):
        return len(columns.labels)
    if name == "recall":
        return columns.positives
    return columns.predicted_positives if name == "precision" else None
