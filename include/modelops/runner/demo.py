"""The main job on real data: two versions of a model on the flights, asked for through Airflow's REST API."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from modelops.domain.errors import Unavailable
from modelops.domain.jobs import JobStatus, JobType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from modelops.registry.jobs import JobRecord
    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

MODEL = "demo/arrival_delay"
VERSIONS: Mapping[str, Mapping[str, Any]] = {
    "Logistic regression": {"estimator": "logistic_regression"},
    "Histogram gradient boosting": {"estimator": "gradient_boosting"},
}
"""What is trained, and the hyperparameters that make the difference."""
PATIENCE = timedelta(minutes=10)
OBSERVED_WITHIN = timedelta(seconds=20)


def run_demo(installation: Installation, steps: Steps) -> int:
    """Train and evaluate both versions, then show jobs, metrics and where to look. 0 if every job has completed.

    Raises:
        Unavailable: Airflow doesn't answer, or a run doesn't end in time.
    """
    import psycopg

    from modelops.registry import jobs
    from modelops.registry.translation import translated

    runs = []
    with installation.api("trainer") as airflow:
        for title, hyperparameters in VERSIONS.items():
            with steps.step(f"{title} trained and evaluated"):
                run_id = _trigger(airflow, {"model": MODEL, "hyperparameters": dict(hyperparameters)})
                runs.append(run_id)
                _wait(airflow, run_id)
    with translated(), psycopg.connect(installation.databases.url("reader"), autocommit=True) as connection:
        _await_observer(connection)
        done = jobs.of_runs(connection, runs)
    _show(installation, done)
    return 0 if len(done) == 2 * len(VERSIONS) and all(job.status is JobStatus.COMPLETED for job in done) else 1


def _trigger(airflow: httpx.Client, conf: Mapping[str, Any]) -> str:
    try:
        answer = airflow.post("/api/v2/dags/model_lifecycle/dagRuns", json={"logical_date": None, "conf": conf})
        answer.raise_for_status()
    except httpx.HTTPStatusError as error:
        raise Unavailable(f"Airflow refuses to run model_lifecycle: {error.response.text}") from error
    except httpx.HTTPError as error:
        raise Unavailable(f"Airflow doesn't answer: {error}") from error
    return str(answer.json()["dag_run_id"])


def _wait(airflow: httpx.Client, run_id: str) -> None:
    deadline = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < deadline:
        try:
            answer = airflow.get(f"/api/v2/dags/model_lifecycle/dagRuns/{run_id}")
            answer.raise_for_status()
            if answer.json()["state"] in {"success", "failed"}:
                return
        except httpx.TransportError:
            pass  # a component that is being started again
        except httpx.HTTPStatusError as error:
            if not error.response.is_server_error:
                raise Unavailable(f"Airflow lost the run {run_id}: {error.response.text}") from error
        time.sleep(0.3)
    raise Unavailable(f"the run {run_id} of model_lifecycle did not end within {PATIENCE}")


def _await_observer(connection: psycopg.Connection[Any]) -> None:
    """Until the observer has looked once more: it brings when the jobs were created and queued."""
    from modelops.registry import observation

    now = datetime.now(UTC)
    while (seen := observation.last_seen(connection)) is None or seen < now:
        if datetime.now(UTC) - now > OBSERVED_WITHIN:
            return
        time.sleep(0.2)


def _show(installation: Installation, done: Sequence[JobRecord]) -> None:
    from rich.console import Console
    from rich.padding import Padding

    console = Console(soft_wrap=False)
    for title, table in (("Jobs", _jobs_table(done)), ("Metrics on the flights of July", _metrics_table(done))):
        console.print(f"\n[bold]{title}[/bold]")
        console.print(Padding(table, (0, 0, 0, 2)))
    for job in done:
        if job.error:
            console.print(f"\n[bold red]{job.type} of {job.subject} {job.status}[/bold red]\n{job.error}")
    accounts = installation.accounts
    console.print("\n[bold]Airflow[/bold]")
    console.print(f"  {installation.url}", highlight=False)
    for name, purpose in (("trainer", "trains models"), ("reviewer", "reviews them"), ("admin", "runs the platform")):
        console.print(f"  {name:<9} {accounts[name].password:<18} {purpose}", highlight=False, markup=False)


def _jobs_table(done: Sequence[JobRecord]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table("type", "subject", "status", "who", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("waited", justify="right")
    table.add_column("worked", justify="right")
    for job in done:
        table.add_row(job.type, job.subject, job.status, job.requested_by, _seconds(job.waited), _seconds(job.worked))
    return table


def _metrics_table(done: Sequence[JobRecord]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    evaluations = [job for job in done if job.type is JobType.EVALUATION and job.result]
    measured: list[Mapping[str, Any]] = [(job.result or {}).get("metrics", {}) for job in evaluations]
    table = Table("metric", box=SIMPLE_HEAD, pad_edge=False)
    for job in evaluations:
        table.add_column(job.subject, justify="right")
    for name in dict.fromkeys(name for metrics in measured for name in metrics):
        table.add_row(name, *(_number(metrics.get(name)) for metrics in measured))
    return table


def _seconds(duration: timedelta | None) -> str:
    return "" if duration is None else f"{duration.total_seconds():.1f} s"


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
