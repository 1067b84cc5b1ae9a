"""Measures batch prediction, and prints the report: `./modelops bench batch`."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.arguments import positive
from bench.batch.measurements import Bench
from bench.batch.report import render
from bench.installation import temporary_installation
from bench.reports import publish


def main() -> None:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description=__doc__)
    parser.add_argument("--rows", type=positive, default=2_000_000)
    parser.add_argument("--memory-rows", type=positive, help="rows for the measurement of memory (default: none)")
    parser.add_argument("--repetitions", type=positive, default=5)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with temporary_installation(Path(__file__).parent) as installation:
        bench = Bench(installation, rows=chosen.rows)
        bench.prepare()
        bench.compare_with_copy(chosen.repetitions)
        bench.measure_script()
        bench.compare_with_library(chosen.repetitions)
        if chosen.memory_rows:
            bench.measure_memory(chosen.memory_rows)
    publish(render(bench.measured), "batch_prediction", write=chosen.write)


if __name__ == "__main__":
    main()
