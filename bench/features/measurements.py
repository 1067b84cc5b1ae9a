"""The measurements of a feature task: the statement in psql and the job that runs it, alternately."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.features.lifecycle import TABLE, TASK, deploy
from bench.installation import make_rows
from bench.reports import progress
from bench.task import run_job
from bench.timing import Steps, Times
from modelops.repository.task_definition import read_task

if TYPE_CHECKING:
    from bench.installation import Installation

FOLDER = Path(__file__).with_name("feature_engineering_tasks") / "measured"
PSQL_TABLE = "measured_by_psql"


@dataclass
class Measured:
    """The results, in seconds and rows."""

    rows: int
    server: dict[str, str]
    job: Times = field(default_factory=Times)
    without_statistics: Times = field(default_factory=Times)
    """The time of the job, without the time of statistics and checks."""
    steps: Steps = field(default_factory=list)
    """The log of the last job."""
    psql: Times = field(default_factory=Times)
    repeated: Times = field(default_factory=Times)
    """A job that supersedes rows, and removes superseded ones."""
    psql_repeated: Times = field(default_factory=Times)
    """A DELETE of all rows and the INSERT, in one transaction."""


class Bench:
    """The measurements.

    Args:
        installation: an empty installation.
        rows: the number of rows of the table that the task reads.
    """

    def __init__(self, installation: Installation, *, rows: int) -> None:
        self._installation = installation
        self.measured = Measured(rows=rows, server=installation.settings_of_server())
        self._task = read_task(FOLDER, TASK)

    def prepare(self) -> None:
        """Create the table, and put the task into production."""
        make_rows(self._installation, "measured", self.measured.rows)
        progress(f"{self.measured.rows:,} rows made")
        self._deployment = deploy(self._installation)
        columns = ", ".join(f'"{name}" {type_}' for name, type_ in self._task.columns.items())
        self._installation.psql(
            f"CREATE TABLE {PSQL_TABLE} ({columns}, PRIMARY KEY (id)) WITH (autovacuum_enabled = off);"
            f" ALTER TABLE {PSQL_TABLE} OWNER TO modelops_owner"
        )
        progress("the task is in production")

    def measure_first_runs(self, repetitions: int) -> None:
        """Measure runs into empty tables."""
        for turn in range(repetitions + 1):
            seconds = self._run_in_psql("")
            done = self._job()
            self._installation.psql(f"TRUNCATE {PSQL_TABLE}", f"TRUNCATE {TABLE}_rows")
            if turn:  # the first one is a warm-up
                self.measured.psql.add(seconds)
                self.measured.job.add(done["seconds"])
                self.measured.without_statistics.add(done["seconds"] - _seconds_of_statistics(done["log"]))
                self.measured.steps = done["log"]
            progress(f"psql {seconds:.2f} s, job {done['seconds']:.2f} s")

    def measure_repeated_runs(self, repetitions: int) -> None:
        """Measure runs that replace rows. The deployment's table also has superseded rows of a previous run."""
        self._run_in_psql("")
        self._job()
        for turn in range(repetitions + 1):
            seconds = self._run_in_psql(f"DELETE FROM {PSQL_TABLE};")  # noqa: S608
            done = self._job()
            if turn:
                self.measured.psql_repeated.add(seconds)
                self.measured.repeated.add(done["seconds"])
            self._installation.psql(f"VACUUM {PSQL_TABLE}", f"VACUUM {TABLE}_rows")
            progress(f"repeated: psql {seconds:.2f} s, job {done['seconds']:.2f} s")

    def _run_in_psql(self, before: str) -> float:
        """INSERT the rows of the task's SELECT, after the statement `before` in the same transaction; in seconds."""
        self._installation.checkpoint()
        names = ", ".join(self._task.columns)
        insert = f"INSERT INTO {PSQL_TABLE} ({names}) SELECT {names} FROM ({self._task.sql}) AS task"  # noqa: S608
        statement = f"BEGIN; {before} {insert}; COMMIT"
        began = time.perf_counter()
        self._installation.psql(statement)
        return time.perf_counter() - began

    def _job(self) -> dict[str, Any]:
        self._installation.checkpoint()
        return run_job(self._installation, "--preload", "execute", str(self._deployment))


def _seconds_of_statistics(log: Steps) -> float:
    """The time from the end of the INSERT to the end of the checks."""
    at = {line.removeprefix("▸ ").partition(" (")[0]: moment for moment, line in log if line.startswith("▸ ")}
    return at["checked"] - at["rows staged"]
