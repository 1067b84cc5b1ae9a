"""The report on many deployments."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import quantiles
from typing import TYPE_CHECKING

from bench.machine import commit, machine
from bench.tables import passed, table
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.deployments.measurements import Measured

REST, NEW, ON_TIME = 0.20, 5.0, 10.0
"""The criteria: share of a core at rest, seconds to a new deployment's DAG, seconds from a run's time to its start."""
METHOD = """\
One run of `./modelops bench deployments` with all services as `./modelops up` starts them, PostgreSQL included, in one
installation that grows. A model is trained, evaluated and approved by the use cases, and put into production at so many
targets by the registry, each every night; a DAG has two tasks, a batch of ten rows and its drift check.

Writing is from the first new deployment until Airflow's database has the serialized DAG of each: deployments are made
one after the other meanwhile. At rest, nothing changes for the time given; one full pass over all DAG files falls into
every fifteen minutes.
Processor time is that of the dag-processor and of all processes that it has started. Its health is what Airflow's
`/api/v2/monitor/health` says, asked every second from the start to the end. A new deployment's DAG: from the commit
until `/api/v2/dags/…` has it, of {new} deployments.

Then each deployment gets another schedule, so that all run once within the window, the same number every minute. A
run's delay is from its time to its start, and the task's from the same time to the start of the first task: runs of
the same minute wait for each other where the executor has fewer slots.
"""


def report(found: Sequence[Measured], *, new: int, load: float) -> str:
    """The report on one or several numbers of deployments."""
    parts = [
        "# DAGs of deployments",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `./modelops bench deployments`, commit {commit(PROJECT_ROOT)}.",
        table(
            ("deployments", *(f"{one.deployments:,}" for one in found), "criterion", ""),
            [_line(*row) for row in _rows(found)],
        ),
        "## Machine",
        table(("", ""), (machine() | {"Load at the end": f"{load:.1f}"}).items()),
        "## How it is measured",
        METHOD.format(new=new).rstrip(),
    ]
    return "\n\n".join(parts) + "\n"


def _line(name: str, cells: Sequence[str], criterion: str = "", is_met: bool | None = None) -> list[str]:
    return [name, *cells, criterion, "" if is_met is None else passed(is_met)]


def _rows(found: Sequence[Measured]) -> list[tuple[str, list[str]] | tuple[str, list[str], str, bool]]:
    timed = [one for one in found if one.window]
    rows: list[tuple[str, list[str]] | tuple[str, list[str], str, bool]] = [
        ("New DAGs written", [f"{one.made:,} in {one.written:.0f} s" for one in found]),
        ("— processor time", [f"{one.writing:.0f} s" for one in found]),
        (
            "dag-processor at rest, of a core",
            [f"{100 * one.rest:.1f} % over {one.rested:.0f} s" for one in found],
            f"< {100 * REST:.0f} %",
            all(one.rest < REST for one in found),
        ),
        ("— its log in an hour", [f"{one.log / 2**20:.1f} MiB" for one in found]),
        (
            "dag-processor healthy",
            [f"{one.health.healthy:,} of {one.health.looks:,} looks" for one in found],
            "always",
            all(one.health.healthy == one.health.looks > 0 for one in found),
        ),
        ("— oldest heartbeat", [f"{one.health.silence:.1f} s" for one in found]),
        (
            "DAG of a new deployment",
            [str(one.new) for one in found],
            f"< {NEW:.0f} s",
            all(max(one.new.seconds) < NEW for one in found),
        ),
    ]
    if timed:
        rows += [
            ("All schedules changed", [f"{one.rescheduled:.0f} s" for one in found]),
            ("Runs due", [f"{one.deployments + len(one.new.seconds):,} in {one.window} min" for one in found]),
            (
                "— started",
                [f"{len(one.run_delays):,}" for one in found],
                "all",
                all(len(one.run_delays) == one.deployments + len(one.new.seconds) for one in found),
            ),
            (
                "— delay of runs: median, 95 %, longest",
                [_spread(one.run_delays) for one in found],
                f"95 % < {ON_TIME:.0f} s",
                all(_share(one.run_delays, 95) < ON_TIME for one in found),
            ),
            ("— delay of first tasks", [_spread(one.task_delays) for one in found]),
        ]
    return rows


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    return f"{_share(seconds, 50):.1f}, {_share(seconds, 95):.1f}, {max(seconds):.1f} s"


def _share(seconds: Sequence[float], percent: int) -> float:
    """This percentile; infinite of none."""
    if len(seconds) < 2:
        return seconds[0] if seconds else float("inf")
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]
