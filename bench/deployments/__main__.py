"""Measures the DAGs of many deployments, and prints the report: `./modelops bench deployments`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bench.arguments import positive
from bench.deployments.measurements import NEW_DEPLOYMENTS, measure
from bench.deployments.report import render
from bench.deployments.services import running_installation
from bench.reports import publish

MODELS = Path(__file__).parents[1] / "batch"


def main() -> None:
    """Run the benchmark with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.deployments", description=__doc__)
    parser.add_argument(
        "--deployments", type=positive, nargs="+", default=[4, 200, 1000], help="numbers of deployments"
    )
    parser.add_argument("--idle", type=positive, default=960, help="seconds without changes (default: 960)")
    parser.add_argument("--per-minute", type=positive, default=20, help="runs that are due in a minute (default: 20)")
    parser.add_argument("--no-runs", action="store_true", help="don't measure the starts of runs")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    results = []
    with running_installation(MODELS) as (services, population):
        for deployments in sorted(chosen.deployments):
            minutes = 0 if chosen.no_runs else -(-(deployments + NEW_DEPLOYMENTS) // chosen.per_minute)
            with services.watched() as health:
                results.append(
                    measure(population, services, deployments, idle=chosen.idle, minutes=minutes, health=health)
                )
    publish(render(results, load=os.getloadavg()[2]), "dags_of_deployments", write=chosen.write)


if __name__ == "__main__":
    main()
