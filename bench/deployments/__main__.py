"""`python -m bench.deployments`: measure, and print the report; `./modelops bench deployments` calls this."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from bench.arguments import positive
from bench.deployments.measurements import NEW, measure
from bench.deployments.report import report
from bench.deployments.services import installed
from bench.tables import keep

MODELS = Path(__file__).parents[1] / "batch"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m bench.deployments", description=__doc__)
    parser.add_argument("--deployments", type=positive, nargs="+", default=[4, 200, 1000], help="how many, ascending")
    parser.add_argument("--rest", type=positive, default=960, help="seconds at rest (960: one full pass)")
    parser.add_argument("--per-minute", type=positive, default=20, help="runs that are due in a minute (20)")
    parser.add_argument("--no-runs", action="store_true", help="measure no starts of runs")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    found = []
    with installed(MODELS) as (services, population):
        for deployments in sorted(chosen.deployments):
            minutes = 0 if chosen.no_runs else -(-(deployments + NEW) // chosen.per_minute)
            with services.watched() as health:
                found.append(
                    measure(population, services, deployments, rest=chosen.rest, minutes=minutes, health=health)
                )
    keep(report(found, new=NEW, load=os.getloadavg()[2]), "dags_of_deployments", write=chosen.write)


if __name__ == "__main__":
    main()
