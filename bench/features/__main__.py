"""Measures a feature task in SQL, and prints the report: `./modelops bench features`."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.arguments import positive
from bench.features.measurements import Bench
from bench.features.report import render
from bench.installation import temporary_installation
from bench.reports import publish


def main() -> None:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.features", description=__doc__)
    parser.add_argument("--rows", type=positive, default=5_000_000)
    parser.add_argument("--repetitions", type=positive, default=5)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with temporary_installation(Path(__file__).parent) as installation:
        bench = Bench(installation, rows=chosen.rows)
        bench.prepare()
        bench.measure_first_runs(chosen.repetitions)
        bench.measure_repeated_runs(chosen.repetitions)
    publish(render(bench.measured), "feature_task", write=chosen.write)


if __name__ == "__main__":
    main()
