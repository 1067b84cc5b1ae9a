"""Measures whether rows come from the same distribution as those of a reference, and how far they have moved.

The measure is the population stability index PSI = sum of (q - p) · ln(q / p) over the bins, where p and q are the
shares of the reference and of the rows. Let n and m be the numbers of rows and k = n · m / (n + m). Without any change,
k · PSI has approximately a chi-square distribution with one degree of freedom less than there are bins (Yurdakul and
Naranjo, Statistical properties of the population stability index, Journal of Risk Model Validation 14(4), 2020). If the
true index is τ, the distribution is noncentral with parameter k · τ. The null hypothesis here is that the index is at
most τ, because with many rows negligible changes would otherwise be significant. Between two normal distributions whose
means differ by d standard deviations the index is about d².

Bins that are rare in the reference (nulls, new categories, numbers beyond its extremes) are pooled with others, because
the approximation needs enough rows in each. So the index alone would not show that a new category has replaced another
one. A second test therefore compares the share of all rare bins together, with the binomial distribution of their rows
given the number of rows in rare bins on both sides.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

# Not scipy.stats, which takes a second to import: longer than a whole check.
from scipy import special

from modelops.domain.drift import Verdict
from modelops.statistics.bins import WITH_BINS, bin_counts, bin_names, has_bins

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelops.domain.drift import Rule

PSEUDO_COUNT = 0.5
"""Added to the count of each bin (Jeffreys' prior): the index stays finite where a bin is empty on one side."""
MIN_EXPECTED = 15
"""Bins in which fewer rows are expected on the smaller side are pooled. With the usual 5, 20 columns of 100 rows give
1.2 % of false findings instead of 0.5 %: the far tail of the distribution is heavier than that of chi-square."""
RARE = 0.01
"""A bin with a smaller share of the reference is rare."""
POWER = 0.99
"""The power at the detectable shift."""
LARGEST_DETECTABLE_SHIFT = 0.2
"""A shift in standard deviations. A reference with which it can't be detected is too small."""
MAX_MOVED = 3
LARGE = 1e8
"""For a statistic or a noncentrality beyond this, the distribution is approximated by a normal one, because scipy's
functions of the noncentral distribution return NaN for much larger ones."""


@dataclass(frozen=True, kw_only=True)
class BinChange:
    """The share of a bin in the reference and now; `bin` is a category or an interval."""

    bin: str
    before: float
    now: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The comparison of a column with its reference.

    Args:
        reference_rows, rows: the numbers of rows that were counted.
        bins: the number of bins after pooling.
        index: the population stability index, over the pooled bins or of all rare bins against the others, whichever is
            larger; None if there are too few rows.
        p_value: the p-value of the index if the true index is the rule's tolerance; `with_verdicts` adjusts it for the
            number of columns.
        lower: the lower confidence bound of the index, at the rule's alpha, for this column alone.
        natural: the largest index of a block of the reference against its other blocks, beyond that of random blocks.
        detectable: the smallest shift, in standard deviations, that would be found with a probability of 99 %.
        most_moved: the three bins whose shares contribute most to the index.
        why: the reason why the column can't be compared, or None.
    """

    variable: str
    reference_rows: int = 0
    rows: int = 0
    bins: int = 0
    index: float | None = None
    p_value: float | None = None
    lower: float | None = None
    natural: float | None = None
    detectable: float | None = None
    most_moved: tuple[BinChange, ...] = ()
    verdict: Verdict = Verdict.NOT_ENOUGH_ROWS
    why: str | None = None

    @property
    def shift(self) -> float | None:
        """The shift of a normal distribution that has the same index, in standard deviations."""
        return None if self.index is None else math.sqrt(self.index)

    def as_summary(self) -> dict[str, Any]:
        """The name, the verdict and the index, for the result of a job."""
        index = None if self.index is None else round(self.index, 6)
        return {"variable": self.variable, "verdict": self.verdict.value, "psi": index}

    def as_record(self) -> dict[str, Any]:
        """The comparison as JSON values; numbers have six decimal places."""
        record = asdict(self) | {"shift": self.shift, "verdict": self.verdict.value}
        record["most_moved"] = [
            {name: round(value, 6) if isinstance(value, float) else value for name, value in asdict(moved).items()}
            for moved in self.most_moved
        ]
        return {name: round(value, 6) if isinstance(value, float) else value for name, value in record.items()}


class Cause(StrEnum):
    """The reason why a column can't be compared. The view translates its recorded text (`texts/statistics.fr.ts`)."""

    NO_REFERENCE = "no_reference"
    """The version has no reference, or has one that an earlier release recorded."""
    OTHER_BINS = "other_bins"
    """The rows were counted in other bins than those of the reference."""
    OTHER_KIND = "other_kind"
    """The column has another type than in the reference, or had no values there."""


class Incomparable(ValueError):
    """The error for a column that can't be compared with its reference; `cause` is the reason."""

    def __init__(self, cause: Cause, what: str) -> None:
        self.cause = cause
        super().__init__(what)


def compare_all(
    reference: Mapping[str, Mapping[str, Any]],
    now: Iterable[Mapping[str, Any]],
    rule: Rule,
    *,
    remedies: Mapping[Cause, str],
) -> list[Comparison]:
    """Compare columns that are checked together with their references, by name, and give the verdicts.

    Columns of times and bytes, which have no bins, are left out. The comparison of a column that can't be compared has
    the reason and, if there is one, the remedy.
    """
    found = []
    for record in now:
        before = reference.get(record["variable"])
        if not any(has_bins(one) for one in (record, before) if one is not None):
            continue
        try:
            found.append(compare(before, record, rule))
        except Incomparable as error:
            remedy = remedies.get(error.cause)
            why = f"{error}: {remedy}" if remedy else str(error)
            found.append(Comparison(variable=record["variable"], verdict=Verdict.NOT_COMPARABLE, why=why))
    return with_verdicts(found, rule)


def compare(reference: Mapping[str, Any] | None, now: Mapping[str, Any], rule: Rule) -> Comparison:
    """Compare one column; `with_verdicts` gives the verdict, over all columns.

    Args:
        reference: the column's record from `reference_records`; None if there is none.
        now: the column's record of the later rows, counted in the reference's bins (`TableStatistics.with_bins_of`).

    Raises:
        Incomparable: there is no reference, it has no bins, or the column is of another kind or counted in other bins.
    """
    bins = _bins(reference, now)
    blocks, ordered = bins["blocks"], "edges" in bins
    before = [sum(counts) for counts in zip(*blocks, strict=True)]
    after = bin_counts(now, categories=bins.get("categories", ()))
    n, m = sum(before), sum(after)
    found = Comparison(variable=now["variable"], reference_rows=n, rows=m)
    if min(n, m) < 2 * MIN_EXPECTED:
        return found
    # Categories are pooled by their counts on the half on which they were chosen, for the reason given there.
    weights = bins.get("weights", before)
    groups = pool_bins(weights, min(n, m), ordered=ordered)
    k, df = n * m / (n + m), len(groups) - 1
    index = _index(before, after, groups)
    rare = [cell for cell, count in enumerate(weights) if count < RARE * sum(weights)]
    rare_bins = _compare_rare(sum(before[cell] for cell in rare), n, sum(after[cell] for cell in rare), m, rule)
    return replace(
        found,
        bins=len(groups),
        index=max(index, rare_bins.index),
        # Two tests of one column (Bonferroni).
        p_value=min(1.0, 2 * min(_tail_probability(k * index, df, k * rule.tolerance), rare_bins.p_value)),
        lower=max(_lower_noncentrality(k * index, df, rule.alpha) / k, rare_bins.lower),
        natural=_natural_variation(blocks, weights, ordered=ordered),
        most_moved=_most_moved(before, after, bin_names(bins)),
    )


def distribution(reference: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The counts of each bin of a reference: `bin`, `reference_rows`, and `rows` for the later rows.

    Raises:
        Incomparable: as for `compare`.
    """
    bins = _bins(reference, now)
    before = (sum(counts) for counts in zip(*bins["blocks"], strict=True))
    counted = zip(bin_names(bins), before, bin_counts(now, categories=bins.get("categories", ())), strict=True)
    return [{"bin": name, "reference_rows": first, "rows": second} for name, first, second in counted]


def _bins(reference: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Mapping[str, Any]:
    name = now["variable"]
    if reference is None:
        raise Incomparable(Cause.NO_REFERENCE, f"there is no reference of {name}")
    found = reference["values"].get("reference")
    if "reference" not in reference["values"] and reference["kind"] in WITH_BINS:
        raise Incomparable(Cause.NO_REFERENCE, "an earlier release recorded the statistics, without a reference")
    if now["kind"] != reference["kind"]:
        raise Incomparable(Cause.OTHER_KIND, f"{name} is {now['kind']}, and {reference['kind']} in the reference")
    if found is None:
        what = "has no finite value in the reference" if has_bins(reference) else "is of a type without bins"
        raise Incomparable(Cause.OTHER_KIND, f"{name} {what}")
    if "edges" in found:
        # The database writes large numbers as integers.
        mine, theirs = (
            [float(edge) for edge in one.get("edges", ())] for one in (now["values"].get("bins") or {}, found)
        )
        is_same = mine == theirs
    else:
        is_same = set(found["categories"]) <= now["values"]["frequencies"].keys()
    if not is_same:
        raise Incomparable(Cause.OTHER_BINS, f"{name} is counted in other bins than those of the reference")
    return found  # type: ignore[no-any-return]


@dataclass(frozen=True, kw_only=True)
class _RareBins:
    index: float
    p_value: float
    lower: float


def _compare_rare(a: int, n: int, b: int, m: int, rule: Rule) -> _RareBins:
    """Test whether the share of rare bins in the rows, b / m, is greater than in the reference, a / n."""
    if b * n <= a * m:
        return _RareBins(index=0.0, p_value=1.0, lower=0.0)
    index = _index([n - a, a], [m - b, b], [[0], [1]])
    least = float(special.betaincinv(b, m - b + 1, rule.alpha))
    p = (a + PSEUDO_COUNT) / (n + 2 * PSEUDO_COUNT)
    lower = (least - p) * math.log(least * (1 - p) / (p * (1 - least))) if p < least < 1 else 0.0
    p_value = float(special.bdtrc(b - 1, a + b, m / (n + m))) if index > rule.tolerance else 1.0
    return _RareBins(index=index, p_value=p_value, lower=lower)


def _index(before: Sequence[int], after: Sequence[int], groups: Sequence[Sequence[int]]) -> float:
    return math.fsum(
        (q - p) * math.log(q / p) for p, q in zip(_shares(before, groups), _shares(after, groups), strict=True)
    )


def _most_moved(before: Sequence[int], after: Sequence[int], names: Sequence[str]) -> tuple[BinChange, ...]:
    each = [[cell] for cell in range(len(before))]
    p, q = _shares(before, each), _shares(after, each)
    most = sorted(range(len(before)), key=lambda cell: -(q[cell] - p[cell]) * math.log(q[cell] / p[cell]))[:MAX_MOVED]
    n, m = sum(before), sum(after)
    return tuple(BinChange(bin=names[cell], before=before[cell] / n, now=after[cell] / m) for cell in most)


def with_verdicts(comparisons: Iterable[Comparison], rule: Rule) -> list[Comparison]:
    """Give the verdicts on columns that are checked together, after Holm's adjustment of the p-values.

    So the probability of a false finding is at most the rule's alpha for all of them together (Holm, A simple
    sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979).
    """
    found = list(comparisons)
    p_values = {place: one.p_value for place, one in enumerate(found) if one.p_value is not None}
    largest = 0.0
    for rank, (place, p_value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_value))
        found[place] = _with_verdict(replace(found[place], p_value=largest), rule, columns=len(p_values))
    return found


def _with_verdict(one: Comparison, rule: Rule, *, columns: int) -> Comparison:
    k = one.reference_rows * one.rows / (one.reference_rows + one.rows)
    detectable = math.sqrt(_detectable(one.bins - 1, k, rule, columns) / k) if one.bins > 1 else None
    assert one.p_value is not None
    assert one.lower is not None
    if one.p_value > rule.alpha:
        small = detectable is not None and detectable > LARGEST_DETECTABLE_SHIFT and one.reference_rows <= one.rows
        verdict = Verdict.REFERENCE_TOO_SMALL if small else Verdict.STABLE
    elif one.lower >= rule.major:
        verdict = Verdict.MAJOR
    else:
        verdict = Verdict.MODERATE if one.lower >= rule.moderate else Verdict.MOVED
    return replace(one, detectable=detectable, verdict=verdict)


def pool_bins(weights: Sequence[int], rows: int, *, ordered: bool) -> list[list[int]]:
    """Group bins so that enough rows are expected in each group. The groups depend on the reference only.

    Args:
        weights: counts of the reference.
        rows: the smaller of the two numbers of rows that are compared.
        ordered: pool neighbouring bins; otherwise pool all small bins together.
    """
    if not sum(weights) or not rows:
        return []
    least = MIN_EXPECTED * sum(weights) / rows
    if not ordered:
        small = [cell for cell, count in enumerate(weights) if count < least]
        groups = [[cell] for cell, count in enumerate(weights) if count >= least]
        if not small:
            return groups
        if sum(weights[cell] for cell in small) >= least or not groups:
            return [*groups, small]
        smallest = min(groups, key=lambda group: weights[group[0]])
        smallest += small
        return groups
    groups, open_ = [], []
    for cell in range(len(weights)):
        open_.append(cell)
        if sum(weights[each] for each in open_) >= least:
            groups.append(open_)
            open_ = []
    if open_ and groups:
        groups[-1] += open_
    return groups or [open_]


def _shares(counts: Sequence[int], groups: Sequence[Sequence[int]]) -> list[float]:
    pooled = [sum(counts[cell] for cell in group) for group in groups]
    total = sum(pooled) + PSEUDO_COUNT * len(pooled)
    return [(count + PSEUDO_COUNT) / total for count in pooled]


def _natural_variation(blocks: Sequence[Sequence[int]], weights: Sequence[int], *, ordered: bool) -> float | None:
    """The largest index of a block against the others, minus the average index of random blocks."""
    whole = [sum(counts) for counts in zip(*blocks, strict=True)]
    found = []
    for block in blocks:
        others = [all_ - one for all_, one in zip(whole, block, strict=True)]
        groups = pool_bins(weights, min(sum(block), sum(others)), ordered=ordered)
        if len(groups) > 1:
            k = sum(others) * sum(block) / sum(whole)
            found.append(max(0.0, _index(others, block, groups) - (len(groups) - 1) / k))
    return max(found, default=None)


def _tail_probability(statistic: float, df: int, noncentrality: float) -> float:
    """The probability of a statistic at least as large as this.

    With a noncentrality it is computed as 1 - `chndtr`, so what is below 2**-53 is returned as 2**-53.
    """
    if not df:
        return 1.0
    if noncentrality <= 0:
        return float(special.chdtrc(df, statistic))
    if max(statistic, noncentrality) > LARGE:
        deviation = statistic - df - noncentrality
        return float(special.ndtr(-deviation / math.sqrt(2 * df + 4 * noncentrality)))
    return max(1.0 - float(special.chndtr(statistic, df, noncentrality)), 2.0**-53)


def _lower_noncentrality(statistic: float, df: int, alpha: float) -> float:
    """The smallest noncentrality under which so large a statistic has a probability of at least alpha."""
    return 0.0 if _tail_probability(statistic, df, 0) >= alpha else _noncentrality(statistic, df, alpha)


def _noncentrality(statistic: float, df: int, probability: float) -> float:
    """The noncentrality under which at least this statistic has this probability."""
    if statistic > LARGE:
        deviations = float(special.ndtri(1 - probability))
        root = 2 * (math.sqrt(deviations**2 + statistic - df / 2) - deviations)
        return (root**2 - 2 * df) / 4
    return float(special.chndtrinc(statistic, df, 1 - probability))


@lru_cache(maxsize=1000)
def _detectable(df: int, k: float, rule: Rule, columns: int) -> float:
    """The noncentrality that is detected with the probability `POWER` if `columns` columns are tested together."""
    tolerated, alpha = k * rule.tolerance, rule.alpha / columns / 2
    if tolerated > LARGE:
        critical = df + tolerated + float(special.ndtri(1 - alpha)) * math.sqrt(2 * df + 4 * tolerated)
    elif tolerated > 0:
        critical = float(special.chndtrix(1 - alpha, df, tolerated))
    else:
        critical = float(special.chdtri(df, alpha))
    return _noncentrality(critical, df, POWER)
