"""The report of the simulation, in Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import reports
from bench.reports import passed, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.drift.thresholds import Comparison

SIZES = ("reference rows", "batch rows")
CRITERION = ("criterion", "")
RATES = ("false findings", "with fixed thresholds", "0.2 standard deviations found", "with fixed thresholds")
METHOD = """\
Counts are simulated and compared by the product's code. The [rule](../reference/statistics-and-drift.md) promises at
most 0.5 % of false findings per check. In {trials:,} trials, the standard deviation of this rate is {deviation:.2%}.

The fixed thresholds are Evidently's defaults for a numeric column: the Kolmogorov-Smirnov test at 0.05 up to 1,000 rows
of the reference, a Wasserstein distance of 0.1 standard deviations for more. The rows are drawn, in {drawn} trials.
"""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A measured rate with its criterion; `text` has the other cells of the row."""

    text: str
    rate: float
    most: float | None = None
    least: float | None = None

    @property
    def cells(self) -> list[str]:
        """The cells of its row."""
        if self.most is not None:
            criterion = [f"at most {self.most:.1%}", passed(self.rate <= self.most)]
        elif self.least is not None:
            criterion = [f"at least {self.least:.0%}", passed(self.rate >= self.least)]
        else:
            criterion = ["", ""]
        return [*self.text.split(" | "), f"{self.rate:.2%}", *criterion]


def render(
    false_findings: Sequence[Rate],
    categories: Sequence[Rate],
    shifts: Sequence[Rate],
    comparisons: Sequence[Comparison],
    *,
    trials: int,
    seed: int,
) -> str:
    """The whole report."""
    deviation = (0.005 * 0.995 / trials) ** 0.5
    return reports.render(
        "Drift: false findings and found shifts",
        "## Without drift: numbers in ten quantile bins",
        table([*SIZES, "columns", "tolerance", "drift found", *CRITERION], [one.cells for one in false_findings]),
        "## Without drift: categories, the same number of rows in both, tolerance 0",
        table(["categories", "rows", "drift found", *CRITERION], [one.cells for one in categories]),
        "## A shift of a normal column",
        table(["standard deviations", *SIZES, "column", "found", *CRITERION], [one.cells for one in shifts]),
        "## Comparison with fixed thresholds",
        table([*SIZES, *RATES], [_comparison(one) for one in comparisons]),
        command=f"drift --trials {trials} --seed {seed}",
        method=METHOD.format(trials=trials, deviation=deviation, drawn=min(trials, 200)),
    )


def _comparison(one: Comparison) -> list[str]:
    rates = (one.ours[0], one.fixed[0], one.ours[1], one.fixed[1])
    return [f"{one.reference:,}", f"{one.batch:,}", *(f"{rate:.1%}" for rate in rates)]
