"""What the parts of main.py for the formats of model files share: their errors, and Arrow columns as NumPy arrays.

Loaded by main.py for imported.py and the format's part. It imports Arrow and NumPy only.
"""

from __future__ import annotations

from typing import Any

import numpy
import pyarrow as pa
import pyarrow.compute as pc

TRIAL_VALUES = (0.0, 1.0, float("nan"))
"""The features of the rows with which a model is tried."""


class ModelFileError(Exception):
    """The model file can't be used. `name` says what would be right."""

    kind = "model_file"

    def __init__(self, what: str, *, right: str = "") -> None:
        super().__init__(what)
        self.name = right


def of_library(library: str, verb: str, message: str) -> ModelFileError:
    """The error of a file that its library refuses."""
    return ModelFileError(
        f"{library} can't {verb} it: {message}", right="the file as the library that made it wrote it"
    )


class UnfitRowsError(Exception):
    """The model can't get these rows, whatever their values. `name` says what would be right."""

    kind = "wrong_result"

    def __init__(self, what: str, *, right: str) -> None:
        super().__init__(what)
        self.name = right


def other_count(takes: int, given: int) -> UnfitRowsError:
    """The error of rows with more or fewer features than the model takes."""
    return UnfitRowsError(
        f"the model takes {takes:,} features, and there are {given:,}",
        right="as many features as the model takes, in its order",
    )


def matrix(table: pa.Table, kind: Any) -> Any:
    """The columns of a table as an array of shape (rows, columns) and of a NumPy type; null is NaN.

    Raises:
        UnfitRowsError: a column has no numbers.
        ValueError: a value is null or no whole number, and the type has no such value; or it is too large for the type.
    """
    found = numpy.empty((table.num_rows, table.num_columns), dtype=kind)
    for place, name in enumerate(table.schema.names):
        with numpy.errstate(over="ignore"):
            found[:, place] = values = column(name, table.column(place), found.dtype)
        if found.dtype.kind == "f" and (numpy.isinf(found[:, place]) & ~numpy.isinf(values)).any():
            raise ValueError(f"{name} has a value that is too large for {found.dtype}")
    return found


def column(name: str, values: pa.ChunkedArray, kind: Any) -> Any:
    """A column as an array of shape (rows,); see `matrix`. Text becomes objects."""
    if kind.kind in "OUS":
        return _text(name, values)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    elif pa.types.is_decimal(values.type):
        values = values.cast(pa.float64())
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or values.type == pa.null()):
        raise UnfitRowsError(
            f"the feature {name} is {values.type}, where the model takes numbers ({kind})",
            right=f"a query that gives numbers for {name}",
        )
    if kind.kind not in "fc" and (values.null_count or (pa.types.is_floating(values.type) and _has_nan(values))):
        raise ValueError(f"{name} is null, and the model takes {kind}, which has no null")
    if values.type == pa.null():
        return numpy.full(len(values), numpy.nan, dtype=kind)
    return _whole(name, values, kind) if kind.kind in "iub" else values.to_numpy()


def _whole(name: str, values: pa.ChunkedArray, kind: Any) -> Any:
    """Numbers as whole numbers or truth values of a NumPy type, which must have each value."""
    try:
        whole = values.cast(pa.uint8() if kind.kind == "b" else pa.from_numpy_dtype(kind))
    except pa.ArrowInvalid as error:
        raise ValueError(f"{name} has a value that {kind} doesn't have: {one_line(error)}") from error
    if kind.kind == "b" and len(whole) and pc.max(whole).as_py() > 1:
        raise ValueError(f"{name} has a value other than 0 and 1, and the model takes truth values")
    return whole.to_numpy()


def _has_nan(values: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.is_nan(values)).as_py())


def _text(name: str, values: pa.ChunkedArray) -> Any:
    if values.null_count:
        raise ValueError(f"{name} is null, and the model takes text, which has no null")
    if pa.types.is_nested(values.type) or pa.types.is_binary(values.type):
        raise UnfitRowsError(
            f"the feature {name} is {values.type}, where the model takes text",
            right=f"a query that gives text for {name}",
        )
    return values.cast(pa.string()).to_numpy().astype(object)


def one_line(error: BaseException, most: int = 300) -> str:
    """An error's message in one line of at most `most` characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= most else f"{text[: most - 1]}…"
