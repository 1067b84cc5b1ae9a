"""The report on the DAGs of many deployments, in Markdown."""

from __future__ import annotations

from statistics import quantiles
from typing import TYPE_CHECKING

from bench import reports
from bench.deployments.measurements import NEW_DEPLOYMENTS
from bench.reports import passed, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.deployments.measurements import Measured

IDLE_CPU, DAG_DELAY, RUN_DELAY = 0.20, 5.0, 10.0
"""The criteria: share of a core when idle, delay of a new deployment's DAG and of a run, in seconds."""
METHOD = """\
One run of `./modelops bench deployments` with all services as `./modelops up` starts them, including PostgreSQL, in one
installation whose number of deployments grows. A model is trained, evaluated and approved by the use cases, and the
registry deploys it into the targets, each with a nightly schedule. A DAG has two tasks, a batch of ten rows and its
drift check.

The time to write the DAGs is from the first new deployment until Airflow's database has the serialized DAG of each;
deployments are added sequentially in this time. The dag-processor is idle while nothing changes; it parses all DAG
files once in fifteen minutes. The processor time includes the processes that the dag-processor has started. Its health
is the response of Airflow's `/api/v2/monitor/health`, requested every second. The delay of a new deployment's DAG is
from the commit until `/api/v2/dags/…` returns it, for {new} deployments.

Then each deployment gets another schedule, so that each runs once in the window, the same number in each minute. The
delay of a run is from its due time to its start; that of a task is from the same time to the start of the run's first
task. Runs of the same minute wait for each other if the executor has fewer slots.
"""


def render(found: Sequence[Measured], *, load: float) -> str:
    """The report on one or several numbers of deployments; `load` is the machine's load average at the end."""
    return reports.render(
        "DAGs of deployments",
        table(
            ("deployments", *(f"{one.deployments:,}" for one in found), "criterion", ""),
            [_line(*row) for row in _rows(found)],
        ),
        command="deployments",
        details={"Load at the end": f"{load:.1f}"},
        method=METHOD.format(new=NEW_DEPLOYMENTS),
    )


def _line(name: str, cells: Sequence[str], criterion: str = "", is_met: bool | None = None) -> list[str]:
    return [name, *cells, criterion, "" if is_met is None else passed(is_met)]


def _rows(found: Sequence[Measured]) -> list[tuple[str, list[str]] | tuple[str, list[str], str, bool]]:
    timed = [one for one in found if one.window_minutes]
    rows: list[tuple[str, list[str]] | tuple[str, list[str], str, bool]] = [
        ("New DAGs written", [f"{one.made:,} in {one.write_seconds:.0f} s" for one in found]),
        ("— processor time", [f"{one.write_cpu:.0f} s" for one in found]),
        (
            "dag-processor when idle, share of a core",
            [f"{100 * one.idle_cpu:.1f} % over {one.idle_seconds:.0f} s" for one in found],
            f"< {100 * IDLE_CPU:.0f} %",
            all(one.idle_cpu < IDLE_CPU for one in found),
        ),
        ("— log per hour", [f"{one.log_bytes / 2**20:.1f} MiB" for one in found]),
        (
            "dag-processor healthy",
            [f"{one.health.healthy:,} of {one.health.responses:,} responses" for one in found],
            "always",
            all(one.health.healthy == one.health.responses > 0 for one in found),
        ),
        ("— maximum age of the heartbeat", [f"{one.health.heartbeat_age:.1f} s" for one in found]),
        (
            "DAG of a new deployment",
            [str(one.dag_delays) for one in found],
            f"< {DAG_DELAY:.0f} s",
            all(max(one.dag_delays.seconds) < DAG_DELAY for one in found),
        ),
    ]
    if timed:
        rows += [
            ("All schedules changed", [f"{one.schedule_seconds:.0f} s" for one in found]),
            (
                "Runs due",
                [f"{_due(one):,} in {one.window_minutes} min" for one in found],
            ),
            (
                "— started",
                [f"{len(one.run_delays):,}" for one in found],
                "all",
                all(len(one.run_delays) == _due(one) for one in found),
            ),
            (
                "— delay of runs: median, 95th percentile, maximum",
                [_spread(one.run_delays) for one in found],
                f"95th percentile < {RUN_DELAY:.0f} s",
                all(_percentile(one.run_delays, 95) < RUN_DELAY for one in found),
            ),
            ("— delay of first tasks", [_spread(one.task_delays) for one in found]),
        ]
    return rows


def _due(measured: Measured) -> int:
    """The number of runs that were due: one for each deployment."""
    return measured.deployments + len(measured.dag_delays.seconds)


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    return f"{_percentile(seconds, 50):.1f}, {_percentile(seconds, 95):.1f}, {max(seconds):.1f} s"


def _percentile(seconds: Sequence[float], percent: int) -> float:
    """The percentile; infinity if there are no values."""
    if len(seconds) < 2:
        return seconds[0] if seconds else float("inf")
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]
