"""`python -m bench.batch`: measure, and print the report; `./modelops bench batch` calls this."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.arguments import positive
from bench.batch.measurements import Bench
from bench.batch.report import render
from bench.installation import installed
from bench.tables import keep


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.batch", description=__doc__)
    parser.add_argument("--rows", type=positive, default=2_000_000)
    parser.add_argument("--memory-rows", type=positive, help="to score while memory is measured (default: none)")
    parser.add_argument("--repetitions", type=positive, default=5)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with installed(Path(__file__).parent) as installation:
        bench = Bench(installation, rows=chosen.rows, say=_say)
        bench.prepare()
        bench.against_the_floor(chosen.repetitions)
        bench.against_a_script()
        bench.against_the_library(chosen.repetitions)
        if chosen.memory_rows:
            bench.memory(chosen.memory_rows)
    keep(render(bench.measured), "batch_prediction", write=chosen.write)


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
