"""Reads estimators of scikit-learn that skops has stored, if all their types are among those that are trusted.

Loaded by main.py, see imported.py.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy
import pyarrow as pa
import skops
import skops.io

if TYPE_CHECKING:
    from modelops.runtime.child import model_file, standard
else:
    import _modelops_model_file as model_file
    import _modelops_standard as standard

LIBRARY = "skops"
SHOWN = 10


class Model:
    """A file of skops."""

    library = LIBRARY

    def __init__(self, path: str) -> None:
        try:
            held = skops.io.get_untrusted_types(file=path)
            refused = [name for name in held if name not in standard.TRUSTED]
            if not refused:
                self._estimator = skops.io.load(path, trusted=held)
        except (MemoryError, ImportError):
            raise
        except Exception as error:
            raise model_file.of_library(LIBRARY, "read", model_file.one_line(error)) from error
        if refused:
            more = f" and {len(refused) - SHOWN} more" if len(refused) > SHOWN else ""
            raise model_file.ModelFileError(
                f"it holds {', '.join(refused[:SHOWN])}{more}; that isn't among the types that are loaded from a file",
                right="an estimator of scikit-learn's own classes; or the format of the other library, or ONNX",
            )
        if not callable(getattr(self._estimator, "predict", None)):
            raise model_file.ModelFileError(
                f"it holds a {type(self._estimator).__qualname__}, which has no predict()",
                right="a fitted classifier or regressor, or a pipeline that ends with one",
            )
        self._kind = standard.kind_of(self._estimator)
        found = getattr(self._estimator, "classes_", None)
        self.classes = None if found is None or self._kind != "classifier" else _plain(found)
        names = getattr(self._estimator, "feature_names_in_", None)
        self._names = None if names is None else [str(each) for each in names]
        self._has_probabilities = callable(getattr(self._estimator, "predict_proba", None))

    def describe(self) -> dict[str, Any]:
        """What the estimator says of itself."""
        if self._kind not in ("classifier", "regressor"):
            raise model_file.ModelFileError(
                f"it holds a {type(self._estimator).__qualname__}, which is neither a classifier nor a regressor",
                right="a fitted classifier or regressor, or a pipeline that ends with one",
            )
        count = getattr(self._estimator, "n_features_in_", None)
        self._try(None if count is None else int(count))
        types = ["regression"]
        if self._kind == "classifier":
            types = ["binary"] if self.classes is not None and len(self.classes) == 2 else ["multiclass"]
        outputs = ["predict", *(["predict_proba"] if self._has_probabilities else [])]
        return {
            "format": "skops",
            "library": LIBRARY,
            "library_version": skops.__version__,
            "producer": f"{type(self._estimator).__module__}.{type(self._estimator).__qualname__}",
            "inputs": [{"name": "X", "type": "any", "shape": [None, None if count is None else int(count)]}],
            "outputs": [{"name": name, "type": "any", "shape": None} for name in outputs],
            "features": self._names,
            "feature_count": None if count is None else int(count),
            "float32": False,
            "classes": self.classes,
            "probabilities": self._kind == "classifier" and self._has_probabilities,
            "types": types,
        }

    def run(self, table: pa.Table, _outputs: list[str], classifies: bool) -> tuple[Any, Any]:
        """See imported.py."""
        rows = self._rows(table)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="X has feature names")
            predicted = numpy.asarray(self._estimator.predict(rows))
            if not classifies:
                return None, predicted
            return predicted, self._estimator.predict_proba(rows) if self._has_probabilities else None

    def _rows(self, table: pa.Table) -> Any:
        """A frame with the names of the fit, where it had names; else an array of numbers."""
        count = getattr(self._estimator, "n_features_in_", table.num_columns)
        if table.num_columns != count:
            raise model_file.other_count(count, table.num_columns)
        if self._names is None:
            return model_file.matrix(table, numpy.float64)
        return table.rename_columns(self._names).to_pandas()

    def _try(self, count: int | None) -> None:
        """Have it predict a few numbers, so that a damaged tree crashes now. Many estimators refuse NaN or numbers."""
        if count is None:
            return
        for value in model_file.TRIAL_VALUES:
            names = self._names or [str(place) for place in range(count)]
            try:
                self._estimator.predict(self._rows(pa.table({name: [value] for name in names})))
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - the rows may be the cause
                print(f"the model was not tried with {value}: {model_file.one_line(error)}", flush=True)


def _plain(classes: Any) -> list[Any] | None:
    """The classes as Python's values; None if they are those of several targets."""
    if isinstance(classes, list):
        return None
    found: list[Any] = numpy.asarray(classes).tolist()
    return found
