"""The part of main.py that writes the result of a feature task's function to a file, in the declared columns.

Loaded by main.py, never imported. It imports the standard library and Arrow only; pandas and polars are used if
the task's code has imported them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from modelops.runtime.child import predictions
else:
    import _modelops_predictions as predictions

TABLES = "a pyarrow Table, or a pandas or polars DataFrame, or a generator of those"
BATCH_ROWS = 65_536
TEXTS = {pa.string(), pa.large_string(), pa.string_view()}
BYTES = {pa.binary(), pa.large_binary(), pa.binary_view()}


def write(returned: Any, assignment: dict[str, Any]) -> None:
    """Write the rows to the Arrow file `output`, one part after the other.

    Args:
        returned: the result of the function; each part of a generator is released before the next one is requested.
        assignment: from the job: `function`, `output`, and `columns`, each with its name, its Arrow type and the type
            that task.yaml declares.

    Raises:
        WrongResultError: the result isn't tables with the declared columns and types.
    """
    called = f"{assignment['function']}()"
    columns = [_Column(*column, called=called) for column in assignment["columns"]]
    parts = _parts(returned, called)
    del returned
    with pa.OSFile(assignment["output"], "wb") as file, pa.ipc.new_file(file, _schema(columns)) as writer:
        while _write_next(parts, writer, columns, called):
            pass


def _write_next(parts: Iterator[Any], writer: Any, columns: list[_Column], called: str) -> bool:
    """Write the next part, if there is one; returns whether there was. The part is released on return."""
    for part in parts:
        table = _table(part, [column.name for column in columns], called)
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            arrays = [column.cast(batch.column(column.name)) for column in columns]
            writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=_schema(columns)))
        return True
    return False


def _schema(columns: list[_Column]) -> pa.Schema:
    """The schema of the file: the declared columns in their order."""
    return pa.schema([pa.field(column.name, column.type) for column in columns])


def _parts(returned: Any, called: str) -> Iterator[Any]:
    if _is_table(returned):
        yield returned
    elif isinstance(returned, (pa.RecordBatchReader, Iterator)):
        yield from returned
    else:
        raise predictions.WrongResultError(f"{called} returned {predictions.in_words(returned)}", right=TABLES)


def _is_table(value: Any) -> bool:
    frame = any(predictions.is_a(value, package, "DataFrame") for package in ("pandas", "polars"))
    return frame or isinstance(value, (pa.Table, pa.RecordBatch))


def _table(part: Any, names: list[str], called: str) -> pa.Table:
    """A part as a Table with exactly these columns."""
    if predictions.is_a(part, "pandas", "DataFrame"):
        hidden = [name for name in part.index.names if name in names and name not in part.columns]
        if hidden:
            raise predictions.WrongResultError(
                f"the column {hidden[0]!r} is in the index of the DataFrame that {called} returned",
                right="reset_index(), which makes columns of an index",
            )
        part = _as_arrow(lambda: pa.Table.from_pandas(part, preserve_index=False), called)
    elif predictions.is_a(part, "polars", "DataFrame"):
        part = _as_arrow(part.to_arrow, called)
    elif isinstance(part, pa.RecordBatch):
        part = pa.Table.from_batches([part])
    elif not isinstance(part, pa.Table):
        raise predictions.WrongResultError(f"{called} gave {predictions.in_words(part)}", right=TABLES)
    found = part.column_names
    missing = [name for name in names if name not in found]
    surplus = [name for name in found if name not in names]
    if missing or surplus or len(found) != len(names):
        what = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"also has {', '.join(surplus)}"] * bool(surplus)
        raise predictions.WrongResultError(
            f"the table that {called} gave {' and '.join(what) or 'has a column twice'}",
            right=f"exactly the columns that task.yaml declares: {', '.join(names)}",
        )
    return part


def _as_arrow(convert: Callable[[], pa.Table], called: str) -> pa.Table:
    try:
        return convert()
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        error_text = " ".join(str(error).split())
        raise predictions.WrongResultError(
            f"the data frame that {called} gave can't become Arrow: {error_text}",
            right="columns with names of their own, each with values of one type",
        ) from None


class _Column:
    """A declared column."""

    def __init__(self, name: str, arrow: str, declared: str, *, called: str) -> None:
        self.name, self.declared, self._called = name, declared, called
        self.type = predictions.type_of(arrow)

    def cast(self, array: pa.Array) -> pa.Array:
        """The values in the declared type, if the conversion is lossless."""
        if array.type == self.type:
            return array
        if array.null_count == len(array):  # pandas gives a column without values a float type
            return pa.nulls(len(array), self.type)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        trouble = f"{self._called} gave the column {self.name!r} as {array.type}; task.yaml declares {self.declared}"
        right = self._right(array.type)
        if not self._fits(array.type):
            raise predictions.WrongResultError(trouble, right=right)
        try:
            fitted = array.cast(self.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise predictions.WrongResultError(f"{trouble}: {' '.join(str(error).split())}", right=right) from None
        if self.type == pa.float32() and _infinities(fitted) > _infinities(array):
            raise predictions.WrongResultError(f"{trouble}: a number is too large for it", right=right)
        return fitted

    def _fits(self, found: pa.DataType) -> bool:
        """Whether values of this type may be cast; the cast itself refuses lossy conversions."""
        is_a, wanted = pa.types, self.type
        numbers = is_a.is_integer(found) or is_a.is_floating(found) or is_a.is_decimal(found)
        if found == pa.null():
            return True
        if self.declared == "numeric":
            return numbers or found in TEXTS
        if is_a.is_integer(wanted) or is_a.is_floating(wanted):
            return bool(numbers)
        if is_a.is_timestamp(wanted):
            return bool(is_a.is_timestamp(found)) and bool(found.tz) == bool(wanted.tz)
        if is_a.is_date(wanted):
            return bool(is_a.is_date(found))
        return any(found in kind and wanted in kind for kind in (TEXTS, BYTES))

    def _right(self, found: pa.DataType) -> str:
        if pa.types.is_timestamp(found) and pa.types.is_timestamp(self.type):
            if self.type.tz and not found.tz:
                return f"times with a zone in {self.name}: in pandas, .dt.tz_localize('UTC')"
            if found.tz and not self.type.tz:
                return f"times without a zone in {self.name}: in pandas, .dt.tz_localize(None)"
            return f"times in {self.name} of no more than microseconds: in pandas, .dt.floor('us')"
        if pa.types.is_timestamp(found) and pa.types.is_date(self.type):
            return f"days in {self.name}: in pandas, .dt.date"
        return f"values of the Arrow type {self.type} in {self.name}, or another type in task.yaml"


def _infinities(array: pa.Array) -> int:
    return pc.sum(pc.is_inf(array)).as_py() or 0 if pa.types.is_floating(array.type) else 0
