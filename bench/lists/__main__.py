"""Measures lists of jobs, and prints the report: `./modelops bench lists`."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.arguments import positive
from bench.lists.measure import measure, requests
from bench.lists.population import fill
from bench.lists.report import render
from bench.reports import progress, publish
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.runner.up import running


def main() -> None:
    """Run the benchmark with the options of the command line."""
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
            progress("filling both databases")
            fill(installation, **size)
            with installation.api("admin") as client:
                client.timeout = 60
                progress("sending requests")
                measured = list(measure(client, requests(client, **size), rounds=chosen.rounds))
    publish(render(measured, **size), "lists_of_jobs", write=chosen.write)


if __name__ == "__main__":
    main()
