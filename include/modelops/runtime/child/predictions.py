"""Converts results of predict() to Arrow columns with the same names and types in every batch.

main.py loads it by path. It imports the standard library and Arrow only; numpy, pandas and polars are used if the
model's code has imported them.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SET_ASIDE = "__set_aside__"
ASIDE_FIELD = pa.field(SET_ASIDE, pa.string())
NAME_BYTES = 63

INTEGERS = {pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()}
PLAIN = INTEGERS | {pa.bool_(), pa.float32(), pa.float64(), pa.string(), pa.date32()}
OF_LISTS = INTEGERS | {pa.float32(), pa.float64()}
MAX_ELEMENTS = 65_536
UNITS = ("s", "ms", "us", "ns")

Columns = list[tuple[str, pa.Array]]


class WrongResultError(Exception):
    """The model's code returned a wrong result. `name` holds the `expected` part of the message, if there is one."""

    kind = "wrong_result"

    def __init__(self, what: str, *, right: str = "") -> None:
        super().__init__(what)
        self.name = right


class Predictions:
    """The columns that a scorer's predictions have.

    The first batch determines names and types, unless they are declared.

    Args:
        scorer: its `classes_` or `classes` name the columns of probabilities.
        targets: the first target is the name of a column that has none.
        key: columns of the entity key; predictions can't have these names.
        outputs: the declared columns and the names of their Arrow types, or None.
    """

    def __init__(self, scorer: Any, *, targets: list[str], key: list[str], outputs: Mapping[str, str] | None) -> None:
        self._scorer, self._targets, self._key = scorer, targets, key
        self._target = targets[0] if targets else "prediction"
        self._schema: Any = None
        if outputs is not None:
            self._schema = pa.schema([pa.field(name, type_of(text)) for name, text in outputs.items()])

    @property
    def answer_schema(self) -> pa.Schema:
        """The columns that are known so far, and last the reason why a row has no predictions."""
        return pa.schema([*(self._schema or ()), ASIDE_FIELD])

    def named(self, returned: Any, probabilities: Any, *, rows: int) -> Columns:
        """The result of predict() for `rows` rows, and of predict_proba() if that isn't None, as named columns.

        A pandas result with the index of `data` is put into the order of `data`.

        Raises:
            WrongResultError: the result isn't columns with as many rows, or its rows can't be matched with `data`.
        """
        returned = _in_order(returned, rows, "predict()")
        columns = [
            (name, _array(name, _in_order(values, rows, "predict()"))) for name, values in self._of_predict(returned)
        ]
        if probabilities is not None:
            probabilities = _in_order(probabilities, rows, "predict_proba()")
            columns += [(name, _array(name, values)) for name, values in self._of_predict_proba(probabilities)]
        for name, array in columns:
            if len(array) != rows:
                raise WrongResultError(
                    f"predict() returned {_counted(len(array), 'prediction')} in the column {name!r}"
                    f" for {_counted(rows, 'row')} of data"
                )
        return columns

    def fitted(self, columns: Columns) -> list[pa.Array] | None:
        """The columns in the order and types of earlier batches; None if the types are not determined yet.

        The type of a column with only nulls is not determined.

        Raises:
            WrongResultError: the columns or types differ from those before, or can't be stored.
        """
        names = [name for name, _ in columns]
        if self._schema is None:
            self._check_names(names)
            if any(array.type in (pa.null(), pa.list_(pa.null())) for _, array in columns):
                return None
            for name, array in columns:
                _check_type(name, array.type)
            self._schema = pa.schema([pa.field(name, array.type) for name, array in columns])
        if sorted(map(repr, names)) != sorted(map(repr, self._schema.names)):
            raise WrongResultError(
                f"predict() returned the columns {', '.join(map(str, names))},"
                f" where they were {', '.join(self._schema.names)}"
            )
        found = dict(columns)
        return [_cast(field.name, found[field.name], field.type) for field in self._schema]

    def _of_predict(self, returned: Any) -> Iterable[tuple[Any, Any]]:
        if is_a(returned, "pandas", "DataFrame"):
            return [(name, returned.iloc[:, number]) for number, name in enumerate(returned.columns)]
        if is_a(returned, "polars", "DataFrame"):
            return zip(returned.columns, returned.get_columns(), strict=True)
        if isinstance(returned, (pa.Table, pa.RecordBatch)):
            return zip(returned.schema.names, returned.columns, strict=True)
        if isinstance(returned, Mapping):
            return returned.items()
        if is_column(returned):
            return [(self._target, returned)]
        if is_a(returned, "numpy", "ndarray") and returned.ndim == 2:
            count = returned.shape[1]
            names = self._targets if count == len(self._targets) else self._class_names(count)
            return zip(names, returned.T, strict=True)
        raise WrongResultError(f"predict() returned {in_words(returned)}")

    def _of_predict_proba(self, returned: Any) -> Iterable[tuple[str, Any]]:
        """For two classes the probability of the second, otherwise one column for each class."""
        if is_a(returned, "pandas", "DataFrame") or is_a(returned, "polars", "DataFrame"):
            returned = returned.to_numpy()
        if not is_a(returned, "numpy", "ndarray") or returned.ndim not in (1, 2):
            raise WrongResultError(
                f"predict_proba() returned {in_words(returned)}",
                right="a predict_proba(data) that returns a numpy array of one row for each row of data and one column"
                " for each class",
            )
        if returned.ndim == 1:
            return [(f"{self._target}_probability", returned)]
        if returned.shape[1] == 2:
            return [(f"{self._target}_probability", returned[:, 1])]
        return zip(self._class_names(returned.shape[1]), returned.T, strict=True)

    def _class_names(self, count: int) -> list[str]:
        classes = getattr(self._scorer, "classes_", getattr(self._scorer, "classes", None))
        try:
            known = [str(each) for each in classes]  # type: ignore[union-attr]
        except TypeError:
            known = []
        if len(known) != count:
            known = [str(number) for number in range(count)]
        return [f"{self._target}_probability_{each}" for each in known]

    def _check_names(self, names: list[Any]) -> None:
        if not names:
            raise WrongResultError("predict() returned no columns")
        for number, name in enumerate(names):
            if not isinstance(name, str):
                trouble = f"is a {type(name).__name__}, not a str"
            elif not name.strip() or not name.isprintable():
                trouble = "is blank or holds characters that can't be printed"
            elif len(name.encode()) > NAME_BYTES:
                trouble = f"is longer than the {NAME_BYTES} bytes that PostgreSQL allows"
            elif name == SET_ASIDE or name in self._key:
                trouble = "is already taken by " + ("ModelOps itself" if name == SET_ASIDE else "the entity key")
            elif name in names[:number]:
                trouble = "appears twice"
            else:
                continue
            raise WrongResultError(f"the name {name!r} of a column that predict() returned {trouble}")


def unusable(columns: Columns) -> pa.Array | None:
    """A mask of the rows with a prediction, or an element of it, that is null, NaN or infinite; None: no such row."""
    found = None
    for _, array in columns:
        if pa.types.is_list(array.type):
            elements = unusable([("", array.flatten())])
            if elements is None and not array.null_count:
                continue
            usable = array.is_valid()
            if elements is not None:
                usable = pc.and_(usable, pc.invert(rows_of(array, elements)))
        elif pa.types.is_floating(array.type):
            usable = pc.is_finite(array)
            if not array.null_count and pc.all(usable).as_py():
                continue
            usable = usable.fill_null(False)
        elif array.null_count:
            usable = array.is_valid()
        else:
            continue
        found = pc.invert(usable) if found is None else pc.or_(found, pc.invert(usable))
    return found


def fault_in(columns: Columns, row: int) -> str:
    """Why the first unusable prediction of a row can't be used."""
    for name, array in columns:
        value = array[row]
        if not value.is_valid:
            return f"the prediction {name} is null"
        if pa.types.is_floating(array.type) and not math.isfinite(value.as_py()):
            return f"the prediction {name} is {'NaN' if math.isnan(value.as_py()) else 'infinite'}"
        if pa.types.is_list(array.type):
            elements = [("", value.values)]
            bad = unusable(elements)
            if bad is not None:
                place = pc.index(bad, pa.scalar(True)).as_py()
                return fault_in([(f"{name}[{place}]", value.values)], place)
    raise AssertionError(f"nothing is wrong with row {row}")


def rows_of(array: pa.Array, elements: pa.Array) -> pa.Array:
    """True for each list of the array that has an element for which `elements`, of all lists together, is true.

    `elements` belongs to `array.flatten()`, which leaves out what lies below a null list.
    """
    # A null list may have a width, such as one of a fixed size, and list_parent_indices() counts its elements.
    places = pc.indices_nonzero(array.is_valid())
    rows = places.take(pc.unique(pc.list_parent_indices(array.drop_null()).filter(elements)))
    return pc.is_in(pa.array(range(len(array)), rows.type), value_set=rows)


def is_a(value: Any, package: str, kind: str) -> bool:
    """Whether a value is of this class of a package; False if the package isn't imported."""
    return isinstance(value, getattr(sys.modules.get(package), kind, ()))


def is_column(value: Any) -> bool:
    """Whether a value is a single column; its name, if any, is ignored."""
    if is_a(value, "numpy", "ndarray"):
        return len(value.shape) == 1 or (len(value.shape) == 2 and bool(value.shape[1] == 1))
    arrow_or_list = isinstance(value, (pa.Array, pa.ChunkedArray, list, tuple))
    return arrow_or_list or _is_pandas_column(value) or is_a(value, "polars", "Series")


def in_words(value: Any) -> str:
    """A description of a value's type."""
    if value is None:
        return "None"
    if is_a(value, "numpy", "ndarray"):
        return f"a numpy array of shape {value.shape}"
    kind = type(value)
    return f"a {kind.__qualname__ if kind.__module__ == 'builtins' else f'{kind.__module__}.{kind.__qualname__}'}"


def _is_pandas_column(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray))


def _in_order(value: Any, rows: int, called: str) -> Any:
    """A Series or a DataFrame of pandas in the order of its index; anything else as it is.

    The index of the rows that predict() gets begins at 0, as does pandas' default index.
    """
    if not (is_a(value, "pandas", "Series") or is_a(value, "pandas", "DataFrame")) or len(value) != rows:
        return value  # another number of rows is refused later, with the name of the column
    pandas = sys.modules["pandas"]
    index, numbers = value.index, pandas.RangeIndex(rows)
    if index.equals(numbers):
        return value
    if index.is_unique and pandas.api.types.is_integer_dtype(index.dtype):
        places = index.get_indexer(numbers)
        if (places >= 0).all():
            return value.take(places)
    raise WrongResultError(
        f"{called} returned a {type(value).__name__} whose index isn't that of data: it begins with"
        f" {', '.join(map(repr, index[:3].tolist()))}, where the rows of data are numbered from 0 to {rows - 1:,}",
        right="the index of data, in any order; or .reset_index(drop=True) or .to_numpy(), if the rows are in the order"
        " of data",
    )


def _array(name: Any, values: Any) -> pa.Array:
    """A column as an Arrow array. NaN remains NaN in an array of numbers and becomes null elsewhere."""
    of_rows = is_a(values, "numpy", "ndarray") and values.ndim == 2 and values.shape[1] != 1
    if of_rows:
        _check_longest(name, values.shape[1])
    elif not is_column(values):
        raise WrongResultError(f"the column {name!r} that predict() returned is {in_words(values)}")
    try:
        return _of_rows(values) if of_rows else _plain(_as_arrow(values))
    except MemoryError:
        raise
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        text = " ".join(str(error).split())
        raise WrongResultError(f"the column {name!r} that predict() returned can't become Arrow: {text}") from None


def _of_rows(values: Any) -> pa.Array:
    """A list for each row of a numpy array of numbers."""
    rows, count = values.shape
    offsets = pa.array([row * count for row in range(rows + 1)], pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(values.ravel()))


def _as_arrow(values: Any) -> Any:
    if is_a(values, "polars", "Series"):
        return values.to_arrow()
    if _is_pandas_column(values):
        series = sys.modules["pandas"].Series(values)
        if not is_a(series.dtype, "numpy", "dtype") or series.dtype.kind not in "biuf":
            return pa.array(series, from_pandas=True)
        values = series.to_numpy()
    if is_a(values, "numpy", "ndarray"):
        return pa.array(values.ravel(), from_pandas=values.dtype.kind == "O")
    return pa.array(values) if isinstance(values, (list, tuple)) else values


def _plain(array: Any) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type in (pa.large_string(), pa.string_view()):
        array = array.cast(pa.string())
    if pa.types.is_fixed_size_list(array.type) or pa.types.is_large_list(array.type) or pa.types.is_list(array.type):
        array = array.cast(pa.list_(array.type.value_type))  # its elements have the name that type_of expects
    return array


def _check_type(name: str, found: pa.DataType) -> None:
    if pa.types.is_list(found) and found.value_type in OF_LISTS:
        return
    if found not in PLAIN and not pa.types.is_timestamp(found):
        raise WrongResultError(
            f"the column {name!r} that predict() returned is of the type {found}",
            right="columns of bool, int8 to int64, uint8 to uint32, float, double, string, date32 or timestamp; or of"
            " lists of such integers, of float or of double",
        )


def _cast(name: str, array: pa.Array, wanted: pa.DataType) -> pa.Array:
    if pa.types.is_list(array.type):
        _check_longest(name, pc.max(pc.list_value_length(array)).as_py() or 0)
    if array.type == wanted:
        return array
    trouble = f"predict() returned the column {name!r} as {array.type}, where it was {wanted}"
    if not _is_lossless(array.type, wanted):
        raise WrongResultError(trouble)
    try:
        return array.cast(wanted)
    except pa.ArrowInvalid as error:
        raise WrongResultError(f"{trouble}: {error}") from None


def _check_longest(name: Any, elements: int) -> None:
    """Refuse a column whose longest list has `elements` elements, if that is too many."""
    if elements > MAX_ELEMENTS:
        raise WrongResultError(
            f"predict() returned a list of {elements:,} elements in the column {name!r}",
            right=f"lists of at most {MAX_ELEMENTS:,} elements",
        )


def _is_lossless(old: pa.DataType, new: pa.DataType) -> bool:
    """Whether a cast between these types is lossless; the cast itself refuses integers that are too large."""
    if old == pa.null():
        return True
    if pa.types.is_list(old) and pa.types.is_list(new):
        return old.value_type == new.value_type or _is_lossless(old.value_type, new.value_type)
    if pa.types.is_timestamp(old) and pa.types.is_timestamp(new):
        return bool(old.tz == new.tz) and UNITS.index(old.unit) < UNITS.index(new.unit)
    if old in INTEGERS and new in INTEGERS:
        kept = pa.types.is_signed_integer(new) or pa.types.is_unsigned_integer(old)
        return kept and bool(old.bit_width < new.bit_width)
    return (old in INTEGERS and bool(pa.types.is_floating(new))) or bool(old == pa.float32() and new == pa.float64())


def type_of(text: str) -> pa.DataType:
    """The Arrow type whose `str()` is this text."""
    of_lists = re.fullmatch(r"list<item: (\w+)>", text)
    if of_lists:
        return pa.list_(pa.type_for_alias(of_lists[1]))
    timestamp = re.fullmatch(r"timestamp\[(s|ms|us|ns)(?:, tz=(.+))?\]", text)
    return pa.timestamp(timestamp[1], tz=timestamp[2]) if timestamp else pa.type_for_alias(text)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
