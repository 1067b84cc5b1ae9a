"""Simulates drift checks, and prints the report: `./modelops bench drift`."""

from __future__ import annotations

import argparse

import numpy as np

from bench.arguments import positive
from bench.drift.report import Rate, render
from bench.drift.simulation import Categories, Columns, Outlier, zipf
from bench.drift.thresholds import compare_with_thresholds
from bench.reports import progress, publish
from modelops.domain.drift import Rule

REFERENCES, BATCHES, COLUMNS = (10**3, 10**4, 10**6), (10**2, 10**4, 10**6), (1, 20)

SHIFTS: tuple[tuple[float, int, int, int, dict[str, float]], ...] = (
    (0.2, 10**4, 10**4, 20, {"least": 0.99}),
    (0.02, 10**6, 10**6, 1, {"most": 0.01}),
    (0.2, 4000, 10**4, 20, {}),
    (0.2, 1000, 10**4, 20, {}),
    (0.2, 10**4, 100, 1, {}),
)
"""Shift in standard deviations, rows of the reference, rows of the batch, number of columns, criterion."""


def main() -> None:
    """Run the simulation with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__)
    parser.add_argument("--trials", type=positive, default=2000)
    parser.add_argument("--seed", type=positive, default=1)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    generator = np.random.default_rng(chosen.seed)

    def rate_of(
        text: str, trial: Columns | Categories | Outlier, most: float | None = None, least: float | None = None
    ) -> Rate:
        progress(text)
        return Rate(text=text, rate=trial.rate(chosen.trials, generator), most=most, least=least)

    false_findings = [
        rate_of(
            f"{reference:,} | {batch:,} | {columns} | {rule.tolerance:g}",
            Columns(reference=reference, batch=batch, columns=columns, rule=rule),
            most=0.01,
        )
        for rule in (Rule(), Rule(tolerance=0))
        for reference in REFERENCES
        for batch in BATCHES
        for columns in COLUMNS
    ]
    categories = [
        rate_of(f"{name} | {rows:,}", Categories(name=name, rows=rows, shares=shares), most=0.015)
        for name, shares in (("5,000, Zipf 1.1", zipf(5000, 1.1)), ("300, uniform", zipf(300, 0)))
        for rows in (10**4, 10**5)
    ]
    shifts = [
        rate_of(
            f"{shift:g} | {reference:,} | {batch:,} | {'one of 20' if columns > 1 else 'alone'}",
            Columns(reference=reference, batch=batch, columns=columns, shifted=1, shift=shift),
            **criterion,
        )
        for shift, reference, batch, columns, criterion in SHIFTS
    ]
    progress("fixed thresholds")
    comparisons = compare_with_thresholds(min(chosen.trials, 200), generator)
    shifts.append(
        rate_of(
            "1.0, and a value of 1,000,000 in the reference | 10,000 | 10,000 | alone",
            Outlier(reference=10**4, batch=10**4, shift=1.0),
            least=0.99,
        )
    )
    report = render(false_findings, categories, shifts, comparisons, trials=chosen.trials, seed=chosen.seed)
    publish(report, "drift", write=chosen.write)


if __name__ == "__main__":
    main()
