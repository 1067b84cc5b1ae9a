"""`python -m bench.lists`: measure, and print the report; `./modelops bench lists` calls this."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from bench.arguments import positive
from bench.lists.measure import measure, requests
from bench.lists.population import fill
from bench.lists.report import render
from bench.tables import keep
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.runner.up import running


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.lists", description=__doc__)
    parser.add_argument("--jobs", type=positive, default=1_000_000)
    parser.add_argument("--task-instances", type=positive, default=1_000_000)
    parser.add_argument("--rounds", type=positive, default=100)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    size = {"jobs": chosen.jobs, "task_instances": chosen.task_instances}
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "home")
        with running(installation, steps=Steps(), with_demo=False):
            print("· filling both databases", file=sys.stderr, flush=True)
            fill(installation, **size)
            with installation.api("admin") as client:
                client.timeout = 60
                print("· asking", file=sys.stderr, flush=True)
                measured = list(measure(client, requests(client, **size), rounds=chosen.rounds))
    keep(render(measured, **size), "lists_of_jobs", write=chosen.write)


if __name__ == "__main__":
    main()
