"""The part of main.py for imported model files: their description, and a ModelScorer for them.

Loaded by main.py, never imported. The format's part (format_<name>.py) opens the file; its class Model has `library`,
`classes` (a list or None), `describe()`, and `run(table, outputs, classifies)`, which gives the labels (an array of
shape (rows,), or None) and the values: of a regressor an array of shape (rows,), of a classifier its probabilities, of
shape (rows, classes), or (rows,) for those of the second class, or None.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

if TYPE_CHECKING:
    import pyarrow as pa

    from modelops.runtime.child import model_file
else:
    import _modelops_model_file as model_file

DESCRIPTION = "description.json"
MAX_NAMES, MAX_BYTES = 10_000, 2**20
LISTS = ("inputs", "outputs", "features", "classes")
REGRESSION = "regression"


class Evaluated:
    """What the standard evaluation knows of an imported model, whose file isn't opened for it."""

    def __init__(self, imported: dict[str, Any]) -> None:
        self.kind = "regressor" if imported["type"] == REGRESSION else "classifier"
        if imported["type"] != REGRESSION and imported["classes"]:
            self.classes_ = ordered(imported["classes"], imported["positive"])


def ordered(classes: list[Any], positive: Any) -> list[Any]:
    """The classes, of two the positive one second.

    Raises:
        ModelFileError: the positive class is none of them.
    """
    if positive is None or len(classes) != 2:
        return classes
    return [classes[1 - place_of(positive, classes)], classes[place_of(positive, classes)]]


def place_of(positive: Any, classes: list[Any]) -> int:
    """The place of a class, which a request may have as text."""
    if positive in classes:
        return classes.index(positive)
    named = [str(each) for each in classes]
    if str(positive) in named:
        return named.index(str(positive))
    raise model_file.ModelFileError(
        f"the positive class is {positive!r}, and the model's classes are {', '.join(map(repr, classes))}",
        right="one of these classes",
    )


def write_description(model: Any, folder: str) -> None:
    """Write what the format's library says of the file to description.json.

    Raises:
        ModelFileError: it says too much.
    """
    found = model.describe()
    for name in LISTS:
        if len(found[name] or ()) > MAX_NAMES:
            raise model_file.ModelFileError(
                f"it has {len(found[name]):,} {name}", right=f"a model with at most {MAX_NAMES:,} {name}"
            )
    content = json.dumps(found, allow_nan=False).encode()
    if len(content) > MAX_BYTES:
        raise model_file.ModelFileError(
            f"the names of its inputs, outputs and classes have {len(content):,} bytes",
            right=f"shorter ones: at most {MAX_BYTES:,} bytes together",
        )
    Path(folder, DESCRIPTION).write_bytes(content)


def scorer_of(model_class: Any, imported: dict[str, Any]) -> type:
    """The class ModelScorer for a model file."""

    class ModelScorer(FileScorer):
        def __init__(self, context: Any) -> None:
            path = Path(context.artifact_input_path, imported["file"])
            super().__init__(model_class(str(path)), imported, context.dataset_info.target_names)

    return ModelScorer


class FileScorer:
    """Scores with an open model file."""

    frame = "arrow"

    def __init__(self, model: Any, imported: dict[str, Any], targets: list[str]) -> None:
        self._model, self._imported = model, imported
        self._target = targets[0] if targets else "prediction"
        self._classifies = imported["type"] != REGRESSION

    def predict(self, data: pa.Table) -> dict[str, Any]:
        """The columns of predictions: the target, and of a classifier the probabilities, named as those of a
        ModelScorer with predict_proba().
        """
        table = data.select(self._imported["features"])
        labels, values = self._model.run(table, self._imported["outputs"], self._classifies)
        if not self._classifies:
            return {self._target: self._checked(values, data.num_rows)}
        probabilities = None if values is None else _of_classes(values)
        classes = self._classes(None if probabilities is None else probabilities.shape[1])
        if probabilities is None:
            return {self._target: self._renamed(labels, classes)}
        if labels is None:  # NaN among the probabilities makes argmax give its place; such a row is rejected
            columns = {self._target: as_array(classes)[probabilities.argmax(axis=1)]}
        else:
            columns = {self._target: self._renamed(labels, classes)}
        prefix = f"{self._target}_probability"
        if len(classes) == 2:
            second = ordered(classes, self._imported["positive"])[1]
            return columns | {prefix: probabilities[:, place_of(second, classes)]}
        return columns | {f"{prefix}_{each}": probabilities[:, place] for place, each in enumerate(classes)}

    def _classes(self, count: int | None) -> list[Any]:
        """The classes in the order of the probabilities, of which there are `count`.

        Raises:
            UnfitRowsError: there are as many classes as there should be, or as the model gives.
        """
        given, own = self._imported["classes"], self._model.classes
        classes = given or own or list(range(count or 0))
        for other, what in ((count, "gives {} probabilities"), (own and len(own), "has {} classes in its file")):
            if other and classes and other != len(classes):
                raise model_file.UnfitRowsError(
                    f"the model {what.format(other)}, and {len(classes)} classes are given",
                    right="as many classes, in the order of the model's probabilities",
                )
        if self._imported["type"] == "binary" and count and count != 2:
            raise model_file.UnfitRowsError(
                f"the model gives {count} probabilities, and a binary model has 2", right="the type multiclass"
            )
        return classes

    def _renamed(self, labels: Any, classes: list[Any]) -> Any:
        """The labels as the classes that the request names: the file's own are replaced one by one.

        Of a file without classes, labels that are numbers are the classes if these are numbers, else their places.
        Those of XGBoost are always places.
        """
        own = self._model.classes
        if own is None:
            if not classes or labels.dtype.kind not in "iu":
                return labels
            if not getattr(self._model, "labels_are_places", False) and all(isinstance(each, int) for each in classes):
                return _among(labels, classes)
            own = list(range(len(classes)))
        elif [(type(each), each) for each in own] == [(type(each), each) for each in classes]:
            return labels
        numbers_of = {each: place for place, each in enumerate(own)}
        return as_array(classes)[[numbers_of[each] for each in labels.tolist()]]

    def _checked(self, values: Any, rows: int) -> Any:
        found = numpy.asarray(values)
        if found.ndim == 2 and found.shape[1] == 1:
            found = found[:, 0]
        if found.shape != (rows,):
            raise model_file.UnfitRowsError(
                f"the model gives values of shape {found.shape} for {rows} rows, where a regression has one for each",
                right="a model of one target, or the name of the output that has it",
            )
        return found


def _among(labels: Any, classes: list[Any]) -> Any:
    unknown = sorted({*labels.tolist()} - {*classes})
    if unknown:
        raise model_file.UnfitRowsError(
            f"the model gives the label {unknown[0]}, which is none of the classes {', '.join(map(str, classes[:50]))}",
            right="the labels that the model gives",
        )
    return labels


def _of_classes(values: Any) -> Any:
    """Probabilities of shape (rows, classes); a single one is that of the second class."""
    found = numpy.asarray(values)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    return found if found.ndim == 2 else numpy.column_stack([1 - found, found])


def as_array(classes: list[Any]) -> Any:
    """The classes as an array: of numbers or truth values if all are, else of objects."""
    kinds = {type(each) for each in classes}
    return numpy.array(classes) if kinds in ({int}, {float}, {bool}) else numpy.array(classes, dtype=object)
