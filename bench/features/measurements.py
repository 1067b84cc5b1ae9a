"""Takes all measurements in one run, in turns: the statement in psql, and the job that runs it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.features import life
from bench.installation import make_rows
from bench.machine import commit
from bench.task import in_own_process
from bench.timing import Times
from modelops.repository.task_definition import read_task
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.installation import Installation

FOLDER = Path(__file__).with_name("feature_engineering_tasks") / "measured"
MANUAL_PLAN = "by_hand"


@dataclass
class Measured:
    """All that was measured, in seconds and rows."""

    rows: int
    server: dict[str, str]
    commit: str
    job: Times = field(default_factory=Times)
    without_statistics: Times = field(default_factory=Times)
    """The job but for the time in which statistics are made and checks are done."""
    steps: list[tuple[float, str]] = field(default_factory=list)
    """When the last job came to which step."""
    psql: Times = field(default_factory=Times)
    again: Times = field(default_factory=Times)
    """A job that finds the rows of a run which nobody sees any more."""
    psql_again: Times = field(default_factory=Times)
    """DELETE of all rows and the INSERT, in one transaction."""


class Bench:
    """The measurements, one after the other.

    Args:
        installation: empty.
        rows: of the table that the task reads.
        say: gets a line on each measurement.
    """

    def __init__(self, installation: Installation, *, rows: int, say: Callable[[str], None]) -> None:
        self._installation, self._say = installation, say
        self.measured = Measured(rows=rows, server=installation.settings_of_server(), commit=commit(PROJECT_ROOT))
        self._task = read_task(FOLDER, life.TASK)

    def prepare(self) -> None:
        """Make the rows, and bring the task into production."""
        make_rows(self._installation, "measured", self.measured.rows)
        self._say(f"{self.measured.rows:,} rows made")
        self._deployment = life.deployed(self._installation)
        columns = ", ".join(f'"{name}" {type_}' for name, type_ in self._task.columns.items())
        self._psql(
            f"CREATE TABLE {MANUAL_PLAN} ({columns}, PRIMARY KEY (id)) WITH (autovacuum_enabled = off);"
            f" ALTER TABLE {MANUAL_PLAN} OWNER TO modelops_owner"
        )
        self._say("the task is in production")

    def first_run(self, repetitions: int) -> None:
        """Into a table that has no rows."""
        for turn in range(repetitions + 1):
            by_hand = self._by_hand("")
            done = self._job()
            self._empty()
            if turn:  # the first isn't counted
                self.measured.psql.add(by_hand)
                self.measured.job.add(done["seconds"])
                self.measured.without_statistics.add(done["seconds"] - _seconds_of_statistics(done["log"]))
                self.measured.steps = done["log"]
            self._say(f"psql {by_hand:.2f} s, job {done['seconds']:.2f} s")

    def again(self, repetitions: int) -> None:
        """In the place of rows that are there; of the job, one more set of rows lies below, that nobody sees."""
        self._by_hand("")
        self._job()
        for turn in range(repetitions + 1):
            by_hand = self._by_hand(f"DELETE FROM {MANUAL_PLAN};")  # noqa: S608
            done = self._job()
            if turn:
                self.measured.psql_again.add(by_hand)
                self.measured.again.add(done["seconds"])
            self._psql(f"VACUUM {MANUAL_PLAN}", f"VACUUM {life.TABLE}_rows")
            self._say(f"again: psql {by_hand:.2f} s, job {done['seconds']:.2f} s")

    def _empty(self) -> None:
        """Both tables, of all rows; what is on record of the runs stays."""
        self._psql(f"TRUNCATE {MANUAL_PLAN}", f"TRUNCATE {life.TABLE}_rows")

    def _by_hand(self, before: str) -> float:
        """Seconds that the task's own SELECT takes in psql, as an INSERT in one transaction."""
        self._installation.checkpoint()
        names = ", ".join(self._task.columns)
        insert = f"INSERT INTO {MANUAL_PLAN} ({names}) SELECT {names} FROM ({self._task.sql}) AS task"  # noqa: S608
        statement = f"BEGIN; {before} {insert}; COMMIT"
        began = time.perf_counter()
        self._psql(statement)
        return time.perf_counter() - began

    def _job(self) -> dict[str, Any]:
        return in_own_process(self._installation, "bench.features.job", str(self._deployment))

    def _psql(self, *statements: str) -> None:
        command = [self._installation.bin / "psql", self._installation.admin_url, "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        each = [argument for statement in statements for argument in ("-c", statement)]
        subprocess.run([*command, *each], check=True)


def _seconds_of_statistics(log: list[tuple[float, str]]) -> float:
    """From when the rows were staged to when they were checked."""
    at = {line.removeprefix("▸ ").partition(" (")[0]: moment for moment, line in log if line.startswith("▸ ")}
    return at["checked"] - at["rows staged"]
