"""Columns of arrays, such as embeddings: `float8[]` in PostgreSQL, a list in Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from modelops.data.query import Column

ELEMENTS = {
    "int2": "int16",
    "int4": "int32",
    "int8": "int64",
    "float4": "float",
    "float8": "double",
    "numeric": "double",
}
"""The PostgreSQL types whose arrays become lists, with the Arrow type of an element. Other arrays are read as text."""
MAX_ELEMENTS = 65_536
"""Maximum number of elements of an array."""


def array_type(element: str) -> str:
    """The name of the array type for a type of elements, as in `Column.type`."""
    return f"{element}[]"


def lists_of(columns: Iterable[Column], training_types: Mapping[str, str] | None) -> frozenset[str]:
    """The names of the array columns that are read as lists.

    These are all arrays of numbers, except those that the training read as text (`training_types`), as in release 0.2.
    """
    arrays = {array_type(element) for element in ELEMENTS}
    return frozenset(
        column.name
        for column in columns
        if column.type in arrays and (training_types or {}).get(column.name) != "string"
    )


def check_arrays(table: pa.Table | pa.RecordBatch, *, where: str, nulls_allowed: bool = False) -> None:
    """Check the lists of a dataset; for a stream, call this for each batch.

    Raises:
        DatasetError: an array is longer than MAX_ELEMENTS, or has a null element and `nulls_allowed` is false.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for field in table.schema:
        if not pa.types.is_list(field.type):
            continue
        column = table[field.name]
        longest = pc.max(pc.list_value_length(column)).as_py() or 0
        if longest > MAX_ELEMENTS:
            raise DatasetError(
                f"column {field.name} has an array of {longest:,} elements",
                where=where,
                expected=f"arrays of at most {MAX_ELEMENTS:,} elements",
            )
        if not nulls_allowed and (nulls := pc.list_flatten(column).null_count):
            raise DatasetError(
                f"column {field.name} has {nulls:,} null element{'' if nulls == 1 else 's'} in its arrays",
                where=where,
                expected=f"arrays of numbers only: … WHERE array_position({field.name}, NULL) IS NULL",
            )
