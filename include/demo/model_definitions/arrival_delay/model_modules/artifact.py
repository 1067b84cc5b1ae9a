"""The trained model as a file. Unlike a pickle it can only build what skops knows and what is listed here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import skops.io

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# What another estimator asks for, skops.io.get_untrusted_types(file=...) tells. Look at each before you add it.
_TRUSTED = [
    "numpy.dtype",
    # Histogram gradient boosting checks its numeric columns with a partial of this one function.
    "functools.partial",
    "sklearn.utils.validation.check_array",
    # A tree. A forged one could crash the process: load no file that a training of your own didn't write.
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]


def save(model: Pipeline, folder: str) -> Path:
    """Write the model into the folder of a job's artifacts."""
    path = Path(folder) / "model.skops"
    skops.io.dump(model, path)
    return path


def load(folder: str) -> Pipeline:
    """Read the model that `save` wrote."""
    return skops.io.load(Path(folder) / "model.skops", trusted=_TRUSTED)
