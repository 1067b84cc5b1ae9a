"""Reads XGBoost's files, JSON and UBJ.

Loaded by main.py, see imported.py.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy
import xgboost

if TYPE_CHECKING:
    import pyarrow as pa

    from modelops.runtime.child import model_file
else:
    import _modelops_model_file as model_file

LIBRARY = "xgboost"
BINARY, MULTICLASS = ("binary:logistic",), ("multi:softprob",)
LABELS = ("multi:softmax", "binary:hinge")
"""Objectives whose predictions are classes, by number."""


class Model:
    """A file of XGBoost; its ending tells JSON from UBJ."""

    library = LIBRARY
    classes = None
    labels_are_places = True

    def __init__(self, path: str) -> None:
        self._format = f"xgboost_{path.rpartition('.')[2]}"
        self._booster = xgboost.Booster()
        try:
            self._booster.load_model(path)
            if threads := os.environ.get("OMP_NUM_THREADS"):
                self._booster.set_param({"nthread": int(threads)})
            learner = json.loads(self._booster.save_config())["learner"]
            self._count: int = self._booster.num_features()
            best = self._booster.attr("best_iteration")
            # As XGBoost's estimators do: of a training that stopped early, the rounds up to the best one.
            self._rounds = (0, 0 if best is None else int(best) + 1)
        except (xgboost.core.XGBoostError, ValueError, KeyError, TypeError) as error:
            raise model_file.of_library(LIBRARY, "read", _clear(error)) from error
        self._objective: str = learner["objective"]["name"]
        self._linear: bool = learner["gradient_booster"]["name"] == "gblinear"

    def describe(self) -> dict[str, Any]:
        """What the file says, and that the model gives something for a few rows."""
        rows = numpy.repeat(numpy.array(model_file.TRIAL_VALUES, numpy.float32)[:, None], self._count, axis=1)
        values = self._predict(rows)
        columns = 1 if values.ndim == 1 else values.shape[1]
        types = ["regression"]
        if self._objective == "multi:softmax":
            types = ["multiclass"]
        elif self._objective == "binary:hinge" or self._objective in BINARY:
            types = ["binary"]
        elif columns > 1:
            types = ["multiclass"] if self._objective in MULTICLASS else ["regression"]
        kinds = dict(zip(self._booster.feature_names or (), self._booster.feature_types or (), strict=False))
        categorical = [name for name, kind in kinds.items() if kind == "c"]
        if categorical:
            raise model_file.ModelFileError(
                f"its feature {categorical[0]!r} is categorical, and the categories' numbers depend on the rows of the"
                " training",
                right="a model whose features are numbers, such as one-hot columns; or a ModelScorer",
            )
        return {
            "format": self._format,
            "library": LIBRARY,
            "library_version": xgboost.__version__,
            "producer": "XGBoost",
            "inputs": [{"name": "data", "type": "float", "shape": [None, self._count]}],
            "outputs": [
                {"name": self._objective, "type": "float", "shape": [None] if columns == 1 else [None, columns]}
            ],
            "features": self._booster.feature_names,
            "feature_count": self._count,
            "float32": True,
            "classes": None,
            "probabilities": self._objective in (*BINARY, *MULTICLASS),
            "types": types,
        }

    def run(self, table: pa.Table, _outputs: list[str], classifies: bool) -> tuple[Any, Any]:
        """See imported.py."""
        if table.num_columns != self._count:
            raise model_file.other_count(self._count, table.num_columns)
        values = self._predict(model_file.matrix(table, numpy.float32))
        if classifies and self._objective in LABELS:
            return values.astype(numpy.int64), None
        return None, values

    def _predict(self, rows: Any) -> Any:
        try:
            if self._linear:
                return self._booster.predict(xgboost.DMatrix(rows), validate_features=False)
            return self._booster.inplace_predict(rows, iteration_range=self._rounds, validate_features=False)
        except xgboost.core.XGBoostError as error:
            raise model_file.of_library(LIBRARY, "predict with", _clear(error)) from error


def _clear(error: BaseException) -> str:
    """The message of XGBoost without its place in the source and its stack."""
    text = str(error).partition("Stack trace")[0]
    return model_file.one_line(ValueError(text.rpartition("cc:")[2].partition(": ")[2] or text))
