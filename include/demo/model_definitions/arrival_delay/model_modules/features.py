"""The features as the estimators want them, in training, evaluation and scoring alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

_CATEGORICAL = {"carrier", "origin", "dest", "plane_engine", "plane_manufacturer"}


def categorical(names: Iterable[str]) -> list[str]:
    """Those of the features that are names of things."""
    return [name for name in names if name in _CATEGORICAL]


def numeric(names: Iterable[str]) -> list[str]:
    """Those of the features that are quantities."""
    return [name for name in names if name not in _CATEGORICAL]


def select(data: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The features in this order, quantities as float64 and names as str, with NaN where a value is missing."""
    types = dict.fromkeys(categorical(names), "str") | dict.fromkeys(numeric(names), "float64")
    return data[list(names)].astype(types)
