"""Simulates drift checks: draws counts, and compares them with the product's own code.

Individual rows need not be drawn. Of n rows of a continuous distribution, the shares of the distribution between ten
quantiles of the rows have a Dirichlet distribution with parameters n / 10 whatever the distribution is, and counts of
other rows in these bins have a multinomial distribution with those shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from scipy import stats

from modelops.domain.drift import Rule, Verdict
from modelops.statistics.drift import compare, with_verdicts
from modelops.statistics.quantiles import BINS
from modelops.statistics.reference import BLOCKS, MAX_NAMED, Rows, reference_records
from modelops.statistics.streaming import TableStatistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from modelops.statistics.drift import Comparison

FOUND = {Verdict.MOVED, Verdict.MODERATE, Verdict.MAJOR}
NONE = (0, 0)
DEFAULT, PLAIN = Rule(), Rule(tolerance=0)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Trials with numeric columns, of which `shifted` are shifted by `shift` standard deviations."""

    reference: int
    batch: int
    columns: int = 1
    shift: float = 0.0
    shifted: int = 0
    rule: Rule = DEFAULT

    def rate(self, trials: int, generator: Generator) -> float:
        """The share of the trials in which drift is found: in a shifted column, or in any column if none is shifted."""
        found = 0
        for _ in range(trials):
            comparisons = with_verdicts((self._column(number, generator) for number in range(self.columns)), self.rule)
            watched = comparisons[: self.shifted] if self.shifted else comparisons
            found += any(one.verdict in FOUND for one in watched)
        return found / trials

    def _column(self, number: int, generator: Generator) -> Comparison:
        shares = generator.dirichlet(np.full(BINS, self.reference / BINS))
        if number < self.shifted:
            inner = stats.norm.cdf(stats.norm.ppf(np.cumsum(shares)[:-1]) - self.shift)
            shares = np.diff(np.concatenate(([0], inner, [1])))
        return compare(
            numbers(f"x{number}", np.full(BINS, self.reference // BINS)),
            counted(f"x{number}", generator.multinomial(self.batch, shares)),
            self.rule,
        )


@dataclass(frozen=True, kw_only=True)
class Outlier:
    """Trials with a normal column whose reference also has the value 1,000,000.

    The rows are drawn, and the product determines and counts the bins.
    """

    reference: int
    batch: int
    shift: float

    def rate(self, trials: int, generator: Generator) -> float:
        """The share of the trials in which drift is found."""
        found = 0
        for _ in range(trials):
            reference = _reference(_batch([*generator.normal(size=self.reference - 1), 1e6]))
            counted = TableStatistics.with_bins_of([reference])
            counted.update(_batch(generator.normal(self.shift, size=self.batch)))
            [one] = with_verdicts([compare(reference, counted.as_records()[0], DEFAULT)], DEFAULT)
            found += one.verdict in FOUND
        return found / trials


@dataclass(frozen=True, kw_only=True)
class Categories:
    """Trials with a categorical column without drift. Reference and batch have the same number of rows."""

    name: str
    rows: int
    shares: NDArray[np.float64]
    rule: Rule = PLAIN

    def rate(self, trials: int, generator: Generator) -> float:
        """The share of the trials in which drift is found."""
        found = 0
        for _ in range(trials):
            chosen, counts, now = (
                generator.multinomial(rows, self.shares) for rows in (self.rows // 2, self.rows // 2, self.rows)
            )
            named = np.argsort(-chosen, kind="stable")[:MAX_NAMED]
            named = named[chosen[named] > 0]
            [one] = with_verdicts(
                [compare(_reference_of(named, chosen, counts), _batch_of(named, now), self.rule)], self.rule
            )
            found += one.verdict in FOUND
        return found / trials


def _batch(values: Sequence[float] | NDArray[np.float64]) -> pa.RecordBatch:
    return pa.record_batch({"x": pa.array(values, pa.float64())})


def _reference(batch: pa.RecordBatch) -> dict[str, Any]:
    return reference_records(Rows.of(lambda: [batch], batch.schema, key=()), columns=["x"])[0]


def zipf(categories: int, exponent: float) -> NDArray[np.float64]:
    """The shares of the categories according to Zipf's law."""
    weights = np.arange(1, categories + 1, dtype=np.float64) ** -exponent
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def numbers(name: str, counts: Sequence[int] | NDArray[np.int64]) -> dict[str, Any]:
    """A reference of a numeric column with these counts, spread evenly over the blocks."""
    each = [0, *(int(count) // BLOCKS for count in counts), 0, *NONE]
    first = [0, *(int(count) - (BLOCKS - 1) * (int(count) // BLOCKS) for count in counts), 0, *NONE]
    reference = {"edges": [float(edge) for edge in range(len(counts) + 1)], "blocks": [first, *[each] * (BLOCKS - 1)]}
    return {"variable": name, "kind": "continuous", "values": {"reference": reference}}


def counted(name: str, counts: NDArray[np.int64]) -> dict[str, Any]:
    """Statistics of a batch with these counts in the bins of `numbers`."""
    bins = {
        "edges": [float(edge) for edge in range(len(counts) + 1)],
        "counts": counts.tolist(),
        "below": 0,
        "above": 0,
    }
    nothing = dict.fromkeys(("nulls", "nan", "positive_infinities", "negative_infinities"), 0)
    return {"variable": name, "kind": "continuous", "values": {**nothing, "bins": bins, "rows": int(counts.sum())}}


def _reference_of(named: NDArray[np.intp], chosen: NDArray[np.int64], counts: NDArray[np.int64]) -> dict[str, Any]:
    weights, cells = ([*half[named].tolist(), int(half.sum() - half[named].sum()), 0] for half in (chosen, counts))
    reference = {"categories": [f"c{number}" for number in named], "weights": weights, "blocks": [cells]}
    return {"variable": "c", "kind": "categorical", "values": {"reference": reference}}


def _batch_of(named: NDArray[np.intp], counts: NDArray[np.int64]) -> dict[str, Any]:
    frequencies = {f"c{number}": int(counts[number]) for number in named}
    values = {"rows": int(counts.sum()), "nulls": 0, "frequencies": frequencies}
    return {"variable": "c", "kind": "categorical", "values": values}
