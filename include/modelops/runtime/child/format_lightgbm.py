"""Reads LightGBM's text files.

Loaded by main.py, see imported.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import lightgbm
import numpy
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from modelops.runtime.child import model_file
else:
    import _modelops_model_file as model_file

LIBRARY = "lightgbm"
HEADER_BYTES = 64 * 2**20
"""More than the names of ten thousand features and their categories take."""
PLACES = re.compile(r"Column_\d+")
BINARY, MULTICLASS = ("binary", "cross_entropy", "xentropy"), ("multiclass",)


class Model:
    """A LightGBM text file."""

    library = LIBRARY
    classes = None

    def __init__(self, path: str) -> None:
        header = _header(path)
        self._objective = header.get("objective", "").split(" ")[0]
        self._infos = header.get("feature_infos", "").split(" ")
        try:
            self._booster = lightgbm.Booster(model_file=path)
        except lightgbm.basic.LightGBMError as error:
            raise model_file.of_library(LIBRARY, "read", model_file.one_line(error)) from error
        self._count: int = self._booster.num_feature()
        self._names: list[str] = self._booster.feature_name()
        self._categories = self._categories_by_place()

    def describe(self) -> dict[str, Any]:
        """What the file says, and that the model gives something for a few rows."""
        rows = numpy.repeat(numpy.array(model_file.TRIAL_VALUES)[:, None], self._count, axis=1)
        values = self._predict(rows)
        columns = 1 if values.ndim == 1 else values.shape[1]
        if self._objective == "multiclassova":
            raise model_file.ModelFileError(
                "its objective is multiclassova, whose probabilities don't sum to 1", right="the objective multiclass"
            )
        types = ["binary", "regression"]
        if self._objective in MULTICLASS or columns > 1:
            types = ["multiclass"]
        elif self._objective in BINARY:
            types = ["binary"]
        elif self._objective and self._objective not in ("none", "custom"):
            types = ["regression"]
        named = not all(map(PLACES.fullmatch, self._names))
        return {
            "format": "lightgbm",
            "library": LIBRARY,
            "library_version": lightgbm.__version__,
            "producer": "LightGBM",
            "inputs": [{"name": "data", "type": "double", "shape": [None, self._count]}],
            "outputs": [
                {
                    "name": self._objective or "raw score",
                    "type": "double",
                    "shape": [None] if columns == 1 else [None, columns],
                }
            ],
            "features": self._names if named else None,
            "feature_count": self._count,
            "float32": False,
            "classes": None,
            "probabilities": types in (["binary"], ["multiclass"]),
            "types": types,
        }

    def run(self, table: pa.Table, _outputs: list[str], _classifies: bool) -> tuple[Any, Any]:
        """See imported.py."""
        if table.num_columns != self._count:
            raise model_file.other_count(self._count, table.num_columns)
        for place, categories in self._categories.items():
            name = table.schema.names[place]
            table = table.set_column(place, name, _codes(name, table.column(place), categories))
        return None, self._predict(model_file.matrix(table, numpy.float64))

    def _predict(self, rows: Any) -> Any:
        try:
            return numpy.asarray(self._booster.predict(rows))
        except lightgbm.basic.LightGBMError as error:
            raise model_file.of_library(LIBRARY, "predict with", model_file.one_line(error)) from error

    def _categories_by_place(self) -> dict[int, pa.Array]:
        """The categories of the columns that were categorical in pandas, by the places of these features."""
        known = self._booster.pandas_categorical
        if not known:
            return {}
        places = [place for place, info in enumerate(self._infos) if info != "none" and not info.startswith("[")]
        if len(places) != len(known):
            raise model_file.ModelFileError(
                f"it has the categories of {len(known)} columns of pandas, and {len(places)} categorical features",
                right="a model that was trained with numbers, such as the codes of the categories",
            )
        return {place: pa.array(categories) for place, categories in zip(places, known, strict=True)}


def _header(path: str) -> dict[str, str]:
    """The lines before the first tree, from name to value."""
    with open(path, "rb") as file:
        text = file.read(HEADER_BYTES).decode("utf-8", errors="replace")
    lines = text.partition("\nTree=")[0].splitlines()
    return {name: value for name, found, value in (line.partition("=") for line in lines) if found}


def _codes(name: str, values: pa.ChunkedArray, categories: pa.Array) -> pa.ChunkedArray:
    """The place of each value among the categories; null for others, which LightGBM takes as missing."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    try:
        return pc.index_in(values.cast(categories.type), value_set=categories, skip_nulls=True)
    except pa.ArrowException:
        raise model_file.UnfitRowsError(
            f"the feature {name} is {values.type}, and its categories are {categories.type}",
            right=f"a query that gives {categories.type} for {name}",
        ) from None
