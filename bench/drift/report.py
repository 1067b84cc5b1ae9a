"""Writes the report of the simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.machine import commit, machine
from bench.tables import passed, table
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.drift.fixed import Beside

SIZES = ("reference rows", "batch rows")
BOUND = ("bound", "")
BESIDE = ("false findings", "with fixed thresholds", "0.2 standard deviations found", "with fixed thresholds")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A rate with its bound; `text` has the cells of the row before it."""

    text: str
    rate: float
    most: float | None = None
    least: float | None = None

    @property
    def bin_counts(self) -> list[str]:
        """The cells of its row."""
        if self.most is not None:
            bound = [f"at most {self.most:.1%}", passed(self.rate <= self.most)]
        elif self.least is not None:
            bound = [f"at least {self.least:.0%}", passed(self.rate >= self.least)]
        else:
            bound = ["", ""]
        return [*self.text.split(" | "), f"{self.rate:.2%}", *bound]


def render(
    false_alarms: Sequence[Answer],
    categories: Sequence[Answer],
    power: Sequence[Answer],
    others: Sequence[Beside],
    *,
    trials: int,
    seed: int,
) -> str:
    """The report, in Markdown."""
    about = machine() | {"Commit": commit(PROJECT_ROOT), "Trials": f"{trials:,} for each row", "Seed": str(seed)}
    return f"""# Drift: false findings and found shifts

`./modelops bench drift --trials {trials} --seed {seed}`: counts are simulated, and compared by the product's code. The
[rule](../reference/statistics-and-drift.md) promises at most 0.5 % of false findings per check. In {trials:,} trials a
rate of 0.5 % has a standard deviation of {(0.005 * 0.995 / trials) ** 0.5:.2%}.

## Without drift: numbers in ten quantile bins

{table([*SIZES, "columns", "tolerance", "drift found", *BOUND], [one.cells for one in false_alarms])}

## Without drift: categories, as many rows in both, tolerance 0

{table(["categories", "rows", "drift found", *BOUND], [one.cells for one in categories])}

## A shift of a normal column

{table(["standard deviations", *SIZES, "column", "found", *BOUND], [one.cells for one in power])}

## Compared with fixed thresholds

Those that are Evidently's defaults for a numeric column: the Kolmogorov-Smirnov test at 0.05 up to 1,000 rows of the
reference, beyond that a Wasserstein distance of 0.1 standard deviations. Rows are drawn, in {min(trials, 200)} trials.

{table([*SIZES, *BESIDE], [_beside(one) for one in others])}

## Machine

{table(["", ""], about.items())}
"""


def _beside(one: Beside) -> list[str]:
    rates = (one.ours[0], one.fixed[0], one.ours[1], one.fixed[1])
    return [f"{one.reference:,}", f"{one.batch:,}", *(f"{rate:.1%}" for rate in rates)]
