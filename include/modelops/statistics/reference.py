"""The statistics of a training's rows or of its predictions, with the bins in which later rows are counted.

The rows are read twice: first to find the bins, then to count. The counts are kept for ten consecutive blocks of rows,
which show how much a column varies within the reference itself. Categories are chosen on one half of the rows and
counted on the other: if the same rows did both, the chosen ones would be less frequent in any other rows, and a batch
of the same distribution would seem to have moved.

Which rows belong to a block, a half or a sample depends only on their ranks by the entity key, so the result is the
same for any order of the rows, and however they are divided into batches.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from modelops.statistics.bins import bin_counts
from modelops.statistics.categorical import CategoricalStatistics, value_counts
from modelops.statistics.continuous import ContinuousStatistics
from modelops.statistics.histogram import edges_between
from modelops.statistics.quantiles import quantile_edges
from modelops.statistics.streaming import TableStatistics, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

BLOCKS = 10
NUMBERS_SAMPLED = 1_000_000
"""Quantiles are exact up to this many rows; for more rows, they are those of a sample of about this size."""
CATEGORIES_SAMPLED = 250_000
"""Maximum size, approximately, of the sample of the first half in which the most frequent categories are chosen."""
MAX_NAMED, LONGEST_NAMED = 200, 200
"""Maximum number of categories with a count of their own, and maximum length of their texts; others are counted
together."""
NUMBERS_AT_ONCE, TEXTS_AT_ONCE = 16, 4
"""Columns whose samples are in memory together: 128 MB of numbers, a million texts."""


@dataclass(frozen=True)
class Rows:
    """The rows of a reference: `read` gives their batches, from the first, each time it is called."""

    read: Callable[[], Iterable[pa.RecordBatch]]
    schema: pa.Schema
    ranks: NDArray[np.int64]

    @classmethod
    def of(cls, read: Callable[[], Iterable[pa.RecordBatch]], schema: pa.Schema, *, key: Sequence[str]) -> Rows:
        """Rank the rows by their entity key, whose columns are in memory meanwhile; a rank has 8 bytes."""
        keys = pa.Table.from_batches(
            [batch.select(key) for batch in read()], pa.schema([schema.field(name) for name in key])
        )
        ranks = np.arange(len(keys), dtype=np.int64)
        if key:
            ranks[pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in key]).to_numpy()] = ranks.copy()
        return cls(read, schema, ranks)

    def __len__(self) -> int:
        return len(self.ranks)

    def __iter__(self) -> Iterator[tuple[NDArray[np.int64], pa.RecordBatch]]:
        """Each batch with the ranks of its rows."""
        position = 0
        for batch in self.read():
            yield self.ranks[position : position + len(batch)], batch
            position += len(batch)


def reference_records(rows: Rows, *, columns: Sequence[str]) -> list[dict[str, Any]]:
    """One record per column as from `TableStatistics`, in which `values` also has `reference`.

    - continuous columns: `edges` of the bins, and for each block the counts below, in each bin, above, of nulls, and of
      NaN and infinities. None if there is no finite number.
    - categorical columns: `categories`, the most frequent first, and for each block the counts, on the second half, of
      each category, of all other ones, and of nulls; `weights`, the same counts on the first half, by which categories
      are pooled.
    - others: None.
    """
    kinds = {name: kind_of(rows.schema.field(name).type) for name in columns}
    numbers = [name for name, kind in kinds.items() if kind == ContinuousStatistics.kind]
    texts = [name for name, kind in kinds.items() if kind == CategoricalStatistics.kind]
    edges: dict[str, tuple[list[float], list[float]]] = {}
    for start in range(0, len(numbers), NUMBERS_AT_ONCE):
        edges |= _edges(rows, numbers[start : start + NUMBERS_AT_ONCE])
    chosen: dict[str, _Chosen] = {}
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        chosen |= _chosen(rows, texts[start : start + TEXTS_AT_ONCE])
    return _counted(rows, kinds, edges, chosen)


def _edges(rows: Rows, names: Sequence[str]) -> dict[str, tuple[list[float], list[float]]]:
    """For each column with finite numbers, the edges of equal width and those of equal frequency."""
    samples: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    ends: dict[str, list[float]] = {name: [] for name in names}
    for ranks, batch in rows:
        sampled = _sampled(ranks, NUMBERS_SAMPLED / max(len(rows), 1))
        for name in names:
            column = ContinuousStatistics.finite(batch.column(name))
            if len(column):
                ends[name] += [float(column.min()), float(column.max())]
                ends[name] = [min(ends[name]), max(ends[name])]
            if sampled is not None:
                column = ContinuousStatistics.finite(batch.column(name).filter(pa.array(sampled)))
            samples[name].append(column)
    found = {}
    for name in names:
        if ends[name]:
            sample = np.sort(np.concatenate(samples.pop(name)))
            lowest, highest = ends[name]
            quantiles = quantile_edges(sample if len(sample) else np.array(ends[name]), highest=highest)
            quantiles[0] = min(quantiles[0], lowest)
            found[name] = edges_between(lowest, highest), quantiles
    return found


@dataclass(frozen=True)
class _Chosen:
    """The most frequent categories of the first half, and the counts there: of each, of all other ones, of nulls."""

    categories: list[str]
    weights: list[int]


def _chosen(rows: Rows, names: Sequence[str]) -> dict[str, _Chosen]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in names}
    nulls, total = dict.fromkeys(names, 0), 0
    for ranks, batch in rows:
        wanted = ~_second_half(ranks)
        sampled = _sampled(ranks, 2 * CATEGORIES_SAMPLED / max(len(rows), 1))
        if sampled is not None:
            wanted &= sampled
        total += int(np.count_nonzero(wanted))
        mask = pa.array(wanted)
        for name in names:
            column = batch.column(name).filter(mask)
            nulls[name] += column.null_count
            values, numbers = value_counts(column)
            short = pc.fill_null(pc.less_equal(pc.utf8_length(values), LONGEST_NAMED), fill_value=False)
            values, numbers = values.filter(short), numbers.filter(short)
            counts[name].update(dict(zip(values.to_pylist(), numbers.to_pylist(), strict=True)))
    found = {}
    for name in names:
        most = sorted(counts[name].items(), key=lambda item: (-item[1], item[0]))[:MAX_NAMED]
        named = [count for _, count in most]
        others = total - nulls[name] - sum(named)
        found[name] = _Chosen([category for category, _ in most], [*named, others, nulls[name]])
    return found


def _counted(
    rows: Rows,
    kinds: Mapping[str, str],
    edges: Mapping[str, tuple[list[float], list[float]]],
    chosen: Mapping[str, _Chosen],
) -> list[dict[str, Any]]:
    others = [name for name in kinds if name not in chosen]
    plot, bins = ({name: both[which] for name, both in edges.items()} for which in (0, 1))
    blocks = [TableStatistics(rows.schema, columns=others, edges=plot, bins=bins) for _ in range(BLOCKS)]
    halves = [{name: _NamedCounts(one.categories) for name, one in chosen.items()} for _ in range(BLOCKS)]
    texts = TableStatistics(rows.schema, columns=list(chosen))
    for ranks, batch in rows:
        texts.update(batch.select(list(chosen)))
        block = ranks * BLOCKS // len(rows)
        second = _second_half(ranks)
        for number in np.unique(block):
            mine = block == number
            blocks[number].update(_only(batch.select(others), mine))
            counted = pa.array(mine & second)
            for name in chosen:
                halves[number][name].add(batch.column(name).filter(counted))
    whole = TableStatistics(rows.schema, columns=others, edges=plot, bins=bins)
    for one in blocks:
        whole.merge(one)
    of_blocks = [
        {record["variable"]: bin_counts(record) for record in one.as_records() if "bins" in record["values"]}
        for one in blocks
    ]
    found = {record["variable"]: record for one in (whole, texts) for record in one.as_records()}
    for name, record in found.items():
        values = record["values"]
        values["reference"] = None
        if name in chosen:
            counts = [half[name].counts.tolist() for half in halves]
            values["reference"] = {
                "categories": chosen[name].categories,
                "weights": chosen[name].weights,
                "blocks": counts,
            }
        elif "bins" in values:
            values["reference"] = {"edges": values.pop("bins")["edges"], "blocks": [block[name] for block in of_blocks]}
    return [found[name] for name in kinds]


class _NamedCounts:
    """Counts of the rows of each chosen category, of all other ones, and of nulls."""

    def __init__(self, categories: Sequence[str]) -> None:
        self._named = pa.array(categories, pa.large_string())
        self.counts = np.zeros(len(categories) + 2, dtype=np.int64)

    def add(self, array: pa.Array) -> None:
        values, numbers = value_counts(array)
        places = pc.fill_null(pc.index_in(values, value_set=self._named), len(self._named)).to_numpy(
            zero_copy_only=False
        )
        nulls = values.is_null().to_numpy(zero_copy_only=False)
        np.add.at(self.counts, np.where(nulls, len(self._named) + 1, places), numbers.to_numpy())


def _only(batch: pa.RecordBatch, mask: NDArray[np.bool_]) -> pa.RecordBatch:
    return batch if mask.all() else batch.filter(pa.array(mask))


def _second_half(ranks: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (_hashed(ranks) & np.uint64(1)).astype(np.bool_)


def _sampled(ranks: NDArray[np.int64], share: float) -> NDArray[np.bool_] | None:
    """Which rows are sampled if this share of them is; None if all are."""
    if share >= 1:
        return None
    return (_hashed(ranks) >> np.uint64(11)).astype(np.float64) < share * 2.0**53


def _hashed(ranks: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A hash of each rank: the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    with np.errstate(over="ignore"):
        mixed = (ranks.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
