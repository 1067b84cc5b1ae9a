"""`python -m bench.features`: measure, and print the report; `./modelops bench features` calls this."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.arguments import positive
from bench.features.measurements import Bench
from bench.features.report import render
from bench.installation import installed
from bench.tables import keep


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.features", description=__doc__)
    parser.add_argument("--rows", type=positive, default=5_000_000)
    parser.add_argument("--repetitions", type=positive, default=5)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with installed(Path(__file__).parent) as installation:
        bench = Bench(installation, rows=chosen.rows, say=_say)
        bench.prepare()
        bench.first_run(chosen.repetitions)
        bench.again(chosen.repetitions)
    keep(render(bench.measured), "feature_task", write=chosen.write)


def _say(line: str) -> None:
    print(f"· {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
