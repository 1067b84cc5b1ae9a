"""`python -m bench.drift`: simulate, and print the report; `./modelops bench drift` calls this."""

from __future__ import annotations

import argparse
import sys

import numpy as np

from bench.arguments import positive
from bench.drift.fixed import fixed_thresholds
from bench.drift.report import Answer, render
from bench.drift.simulation import Categories, Cell, Outlier, zipf
from bench.tables import keep
from modelops.domain.drift import Rule

REFERENCES, BATCHES, COLUMNS = (10**3, 10**4, 10**6), (10**2, 10**4, 10**6), (1, 20)


def main() -> None:
    """Simulate what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.drift", description=__doc__)
    parser.add_argument("--trials", type=positive, default=2000)
    parser.add_argument("--seed", type=positive, default=1)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    generator = np.random.default_rng(chosen.seed)

    def told(
        text: str, cell: Cell | Categories | Outlier, most: float | None = None, least: float | None = None
    ) -> Answer:
        print(f"· {text}", file=sys.stderr, flush=True)
        return Answer(text=text, rate=cell.rate(chosen.trials, generator), most=most, least=least)

    false_alarms = [
        told(
            f"{reference:,} | {batch:,} | {columns} | {rule.tolerance:g}",
            Cell(reference=reference, batch=batch, columns=columns, rule=rule),
            most=0.01,
        )
        for rule in (Rule(), Rule(tolerance=0))
        for reference in REFERENCES
        for batch in BATCHES
        for columns in COLUMNS
    ]
    categories = [
        told(f"{name} | {rows:,}", Categories(name=name, rows=rows, shares=shares), most=0.015)
        for name, shares in (("5,000, Zipf 1.1", zipf(5000, 1.1)), ("300, uniform", zipf(300, 0)))
        for rows in (10**4, 10**5)
    ]
    power = [
        told(
            "0.2 | 10,000 | 10,000 | one of 20",
            Cell(reference=10**4, batch=10**4, columns=20, shifted=1, shift=0.2),
            least=0.99,
        ),
        told(
            "0.02 | 1,000,000 | 1,000,000 | alone", Cell(reference=10**6, batch=10**6, shifted=1, shift=0.02), most=0.01
        ),
        told("0.2 | 4,000 | 10,000 | one of 20", Cell(reference=4000, batch=10**4, columns=20, shifted=1, shift=0.2)),
        told("0.2 | 1,000 | 10,000 | one of 20", Cell(reference=1000, batch=10**4, columns=20, shifted=1, shift=0.2)),
        told("0.2 | 10,000 | 100 | alone", Cell(reference=10**4, batch=100, shifted=1, shift=0.2)),
    ]
    print("· fixed thresholds", file=sys.stderr, flush=True)
    others = fixed_thresholds(min(chosen.trials, 200), generator)
    power.append(
        told(
            "1.0, and a value of 1,000,000 in the reference | 10,000 | 10,000 | alone",
            Outlier(reference=10**4, batch=10**4, shift=1.0),
            least=0.99,
        )
    )
    keep(
        render(false_alarms, categories, power, others, trials=chosen.trials, seed=chosen.seed),
        "drift",
        write=chosen.write,
    )


if __name__ == "__main__":
    main()
