"""Measures the drift of a column as the population stability index between two of its statistics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PSEUDO_COUNT = 0.5
"""Added to the count of each bin (Jeffreys' prior): the index stays finite where a bin is empty on one side."""


def stability_index(before: Mapping[str, Any], now: Mapping[str, Any]) -> float | None:
    """The population stability index: sum over the bins of (q - p) · ln(q / p), where p and q are the shares of a bin.

    By convention a column is stable below 0.1 and has shifted above 0.25 (Siddiqi, Credit Risk Scorecards, 2006). Three
    more bins count the values below the first edge, those above the last, and nulls with non-finite numbers.

    Args:
        before, now: records of `TableStatistics`; `now` has the edges and categories of `before`.

    Returns:
        None if the two can't be compared: one has no rows, or they differ in kind or edges, or the kind has no bins.
    """
    if before["kind"] != now["kind"]:
        return None
    counts = {"continuous": _numbers, "categorical": _categories}.get(before["kind"])
    pair = None if counts is None else counts(before["values"], now["values"])
    if pair is None or not all(map(sum, pair)):
        return None
    shares = [_shares(side) for side in pair]
    return math.fsum((q - p) * math.log(q / p) for p, q in zip(*shares, strict=True))


def _numbers(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[int], list[int]] | None:
    old, new = before["histogram"], now["histogram"]
    if old is None or new is None:
        return None
    if old["edges"] != new["edges"]:
        return None
    return _with_the_rest(before, old), _with_the_rest(now, new)


def _with_the_rest(values: Mapping[str, Any], histogram: Mapping[str, Any]) -> list[int]:
    counted = [histogram["below"], *histogram["counts"], histogram["above"]]
    return [*counted, values["rows"] - sum(counted)]


def _categories(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    names = list(before["frequencies"])
    new = sum((now["unseen"] or {}).values()) + now["other"]
    return (
        [*before["frequencies"].values(), before["other"], before["nulls"]],
        [*(now["frequencies"].get(name, 0) for name in names), new, now["nulls"]],
    )


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts) + PSEUDO_COUNT * len(counts)
    return [(count + PSEUDO_COUNT) / total for count in counts]
