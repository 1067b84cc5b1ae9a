"""The report of the demonstration: jobs, metrics, batches, drift, performance, deployments, accounts."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from modelops.domain.figures import figure, figures
from modelops.domain.job_types import JobType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

    from psycopg import Connection

    from modelops.registry.write.jobs import JobRecord
    from modelops.runner.installation import Installation

ACCOUNTS = {"trainer": "trains models", "reviewer": "approves them", "admin": "runs the platform"}
SAMPLE_ROWS = 5
NEW_YORK = ZoneInfo("America/New_York")
DRIFT_ROWS = 8
"""Maximum rows of the table of drift, one for each column of the data."""
FILE_WIDTH = 110
"""The width of a report that is not printed to a terminal."""


class Report:
    """Prints the report."""

    def __init__(self, installation: Installation) -> None:
        from rich.console import Console

        self._installation = installation
        # Names, errors and rows may contain brackets, which are not markup.
        self._console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH, markup=False)

    def show(self, connection: Connection[Any], done: Sequence[JobRecord]) -> None:
        """Print all tables.

        Args:
            connection: a connection as modelops_reader.
            done: the jobs of the demonstration.
        """
        from modelops.registry.write import deployments

        self._print("Jobs", _jobs(done))
        for job in done:
            if job.error:
                self._console.print(f"\n{job.type} of {job.subject} {job.status}", style="bold red")
                self._console.print(job.error)
        self._print("Metrics on the flights of July", _metrics(done))
        batches = [job.result for job in done if job.type is JobType.BATCH_PREDICTION and job.result]
        if batches:
            self._print("Batches", _batches(batches))
            self._print(f"Sample of the predictions in {batches[-1]['view']}", _sample(connection, batches[-1]["view"]))
            self._console.print(f"  {batches[-1]['psql']}", highlight=False)
        for job in done:
            if job.type is JobType.DRIFT_CHECK and job.result:
                moved = f"Drift in {_month(datetime.fromisoformat(job.result['interval'][0]))}"
                self._print(f"{moved}, against January to June (predictions: against July)", _drift(job))
        self._print("Performance, with the labels known so far", _performance(connection, batches))
        self._print("In production now", _production(deployments.in_production_at(connection, datetime.now(UTC))))
        self._console.print("\nAirflow", style="bold")
        self._console.print(f"  {self._installation.url}", highlight=False)
        for name, purpose in ACCOUNTS.items():
            self._console.print(f"  {name:<9} {purpose}", highlight=False)
        self._console.print(f"  passwords: {self._installation.layout.passwords}", highlight=False)

    def _print(self, title: str, table: Any) -> None:
        from rich.padding import Padding

        self._console.print(f"\n{title}", style="bold")
        self._console.print(Padding(table, (0, 0, 0, 2)))


def _table(*left: str, right: Iterable[str] = ()) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    # Long names are wrapped in a narrow terminal, not truncated.
    for name in left:
        table.add_column(name, overflow="fold")
    for name in right:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _jobs(done: Sequence[JobRecord]) -> Any:
    table = _table("type", "subject", "status", "who", right=("waited", "worked"))
    for job in done:
        table.add_row(job.type, job.subject, job.status, job.requested_by, _seconds(job.waited), _seconds(job.worked))
    return table


def _metrics(done: Sequence[JobRecord]) -> Any:
    evaluations = [job for job in done if job.type is JobType.EVALUATION and job.result]
    measured: list[Mapping[str, Any]] = [(job.result or {}).get("metrics", {}) for job in evaluations]
    table = _table("metric", right=(job.subject for job in evaluations))
    for name in measured[0] if measured else ():  # those that the model's own evaluation has
        table.add_row(name, *_compared([metrics.get(name) for metrics in measured]))
    return table


def _batches(results: Sequence[Mapping[str, Any]]) -> Any:
    table = _table("deployment", "version", "view", right=("rows", "rejected", "rows/s"))
    for one in results:
        version = f"{one['model']} v{one['version']}"
        counted = (f"{one[name]:,}" for name in ("rows", "set_aside", "rows_per_second"))
        table.add_row(str(one["deployment"]), version, one["view"], *counted)
    return table


def _drift(job: JobRecord) -> Any:
    table = _table("column", "of", "verdict", right=("PSI",))
    for one in (job.result or {})["moved"][:DRIFT_ROWS]:
        table.add_row(one["variable"], f"{one['role']}s", one["verdict"], figure(one["psi"]))
    return table


def _performance(connection: Connection[Any], batches: Sequence[Mapping[str, Any]]) -> Any:
    from modelops.registry.write import performance

    table = _table("version", "batch", right=("predictions", "labelled", "late", "expected", "AUC", "Brier"))
    for one in performance.newest(connection, {batch["deployment"] for batch in batches}):
        metrics = {metric["metric"]: metric["value"] for metric in one["metrics"] or ()}
        month = "all times" if one["interval_start"] is None else _month(one["interval_start"])
        rates = (_share(metrics.get(name)) for name in ("positive_rate", "predicted_rate"))
        measured = (figure(metrics[name]) if name in metrics else "" for name in ("auc", "brier"))
        counts = (f"{one[name]:,}" for name in ("rows", "labelled"))
        table.add_row(f"{one['model']} v{one['version']}", month, *counts, *rates, *measured)
    return table


def _month(start: datetime) -> str:
    return f"{start.astimezone(NEW_YORK):%B}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _sample(connection: Connection[Any], view: str) -> Any:
    from psycopg.rows import dict_row
    from psycopg.sql import SQL, Identifier

    query = SQL("SELECT * FROM {} LIMIT %s").format(Identifier(*view.split(".")))
    rows = connection.cursor(row_factory=dict_row).execute(query, (SAMPLE_ROWS,)).fetchall()
    names = [name for name in (rows[0] if rows else {}) if not name.startswith("interval_")]
    table = _table(right=names)
    for row in rows:
        table.add_row(*(_value(row[name]) for name in names))
    return table


def _production(rows: Sequence[Mapping[str, Any]]) -> Any:
    table = _table("version", "target", "since (UTC)", "requester", "approved by", "evidence")
    for row in rows:
        since = row["started_at"].astimezone(UTC)
        subject = f"{row['model']} v{row['version']}"
        table.add_row(
            subject,
            row["target"],
            f"{since:%H:%M:%S}",
            row["trained_for"],
            row["approver"],
            row["evidence_digest"][:12],
        )
    return table


def _seconds(duration: timedelta | None) -> str:
    return "" if duration is None else f"{duration.total_seconds():.1f} s"


def _compared(values: Sequence[Any]) -> list[str]:
    """Format the values of one metric. Numbers that differ are printed with enough digits to differ."""
    shown = iter(figures(*(value for value in values if isinstance(value, float))))
    return [next(shown) if isinstance(value, float) else _value(value) for value in values]


def _value(value: Any) -> str:
    match value:
        case float():
            return figure(value)
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return str(value)
