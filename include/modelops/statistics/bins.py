"""The bins of a reference, as records have them: the counts of other rows in them, and their names."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WITH_BINS = frozenset({"continuous", "categorical"})
"""The kinds of columns that have bins."""


def has_bins(record: Mapping[str, Any]) -> bool:
    """Whether a column is of a kind that has bins: not times or bytes."""
    return record["kind"] in WITH_BINS


def bin_counts(record: Mapping[str, Any], *, categories: Sequence[str] = ()) -> list[int]:
    """The counts of a record in the bins of its reference, in the order of `reference.reference_records`."""
    values = record["values"]
    if record["kind"] == "continuous":
        bins = values["bins"]
        not_finite = sum(values[name] for name in ("nan", "positive_infinities", "negative_infinities"))
        return [bins["below"], *bins["counts"], bins["above"], values["nulls"], not_finite]
    counts = [values["frequencies"].get(category, 0) for category in categories]
    return [*counts, values["rows"] - values["nulls"] - sum(counts), values["nulls"]]


def bin_names(bins: Mapping[str, Any]) -> list[str]:
    """The bins of a reference in words, in the order of `cells`."""
    if "categories" in bins:
        return [*(f"“{category}”" for category in bins["categories"]), "rare or new", "null"]
    edges = [float(edge) for edge in bins["edges"]]
    # A value with a bin of its own has an edge at the next number, see `quantiles.quantile_edges`.
    alone = [math.nextafter(start, math.inf) == end for start, end in itertools.pairwise(edges)]
    shown = _shown([edges[0], *(edge for edge, twin in zip(edges[1:], alone, strict=True) if not twin)])
    texts = [shown[edges[0]]]
    for place, edge in enumerate(edges[1:]):
        texts.append(texts[-1] if alone[place] else shown[edge])
    inner = []
    for place, (start, end) in enumerate(itertools.pairwise(texts)):
        if alone[place]:
            inner.append(start)
        else:
            inner.append(f"between {start} and {end}" if place and alone[place - 1] else f"{start} … {end}")
    return [f"below {texts[0]}", *inner, f"above {texts[-1]}", "null", "not finite"]


def _shown(numbers: Sequence[float]) -> dict[float, str]:
    """Format the numbers with the fewest digits, at least four, with which all texts are different."""
    for digits in (4, 6, 9, 12):
        texts = {number: f"{float(f'{number:.{digits}g}'):.15g}" for number in numbers}
        if len(set(texts.values())) == len(numbers):
            return texts
    return {number: repr(number) for number in numbers}
