"""Takes all measurements in one run, those that are compared in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.batch import life
from bench.batch.floor import Floor
from bench.batch.memory import Peak, Sampler
from bench.installation import FEATURES, make_rows
from bench.machine import commit
from bench.timing import Times
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.installation import Installation

TABLE, MORE = "measured", "measured_more"
LOGISTIC, BOOSTING = "bench/logistic", "bench/boosting"
SCRIPT_ROWS = 200_000
SCRIPT_PATIENCE = 180.0
"""The script scores all rows if that, going by so many of them, takes no more seconds than this."""


@dataclass
class Measured:
    """All that was measured, in seconds, rows and bytes."""

    rows: int
    server: dict[str, str]
    commit: str
    job: Times = field(default_factory=Times)
    steps: list[tuple[float, str]] = field(default_factory=list)
    """When the last job came to which step."""
    floor: Times = field(default_factory=Times)
    floor_out: Times = field(default_factory=Times)
    floor_into: Times = field(default_factory=Times)
    script_rows: int = 0
    script_seconds: float = 0.0
    boosting: Times = field(default_factory=Times)
    library: Times = field(default_factory=Times)
    memory_rows: int = 0
    peak: Peak = field(default_factory=Peak)


class Bench:
    """The measurements, one after the other.

    Args:
        installation: empty.
        rows: of the table that is scored.
        say: gets a line on each measurement.
    """

    def __init__(self, installation: Installation, *, rows: int, say: Callable[[str], None]) -> None:
        self._installation, self._say = installation, say
        self.measured = Measured(rows=rows, server=installation.settings_of_server(), commit=commit(PROJECT_ROOT))

    def prepare(self) -> None:
        """Make the rows, and bring both models into production."""
        make_rows(self._installation, TABLE, self.measured.rows)
        self._say(f"{self.measured.rows:,} rows made")
        self._version = life.approved(self._installation, LOGISTIC)
        self._logistic = life.deployed(self._installation, LOGISTIC, self._version, target="logistic")
        version = life.approved(self._installation, BOOSTING)
        self._boosting = life.deployed(self._installation, BOOSTING, version, target="boosting")
        self._say("both models are in production")

    def against_the_floor(self, repetitions: int) -> None:
        """The logistic regression's job and the database's own COPY, in turns."""
        first = self._job(self._logistic)
        floor = Floor(self._installation, table=TABLE, target="logistic", run=first["run"])
        floor.measure()
        self._say(f"to begin with, not counted: job {first['seconds']:.2f} s, floor {floor.total}")
        floor.forget()
        for _ in range(repetitions):
            done = self._job(self._logistic)
            self.measured.job.add(done["seconds"])
            self.measured.steps = done["log"]
            floor.measure()
            self._say(f"job {done['seconds']:.2f} s, floor {floor.total.seconds[-1]:.2f} s")
        self.measured.floor, self.measured.floor_out, self.measured.floor_into = floor.total, floor.out, floor.into

    def against_a_script(self) -> None:
        """pandas and SQLAlchemy, once."""
        rows = min(self.measured.rows, SCRIPT_ROWS)
        seconds = self._script(rows)
        if rows < self.measured.rows and seconds / rows * self.measured.rows <= SCRIPT_PATIENCE:
            rows, seconds = self.measured.rows, self._script(self.measured.rows)
        self.measured.script_rows, self.measured.script_seconds = rows, seconds
        self._say(f"script {seconds:.2f} s for {rows:,} rows")

    def against_the_library(self, repetitions: int) -> None:
        """The gradient boosting's job and the library's own predict_proba, in turns."""
        model = self._model_file(self._boosting)
        rows = self._rows_file()
        python = str(self._installation.environment_of("boosting").python)
        first = self._job(self._boosting)
        self._say(f"to begin with, not counted: boosting job {first['seconds']:.2f} s")
        for _ in range(repetitions):
            library = _run(python, str(Path(__file__).with_name("library.py")), rows, model)
            self.measured.library.add(float(library))
            self.measured.boosting.add(self._job(self._boosting)["seconds"])
            self._say(f"boosting job {self.measured.boosting.seconds[-1]:.2f} s, library {float(library):.2f} s")

    def memory(self, rows: int) -> None:
        """The most memory that the logistic regression's job holds while it scores another, larger table."""
        make_rows(self._installation, MORE, rows)
        deployment = life.deployed(
            self._installation,
            LOGISTIC,
            self._version,
            target="more",
            dataset=f"SELECT id, {', '.join(FEATURES)} FROM {MORE}",  # noqa: S608
        )
        done = self._job(deployment, sampled=True)
        self.measured.memory_rows = rows
        peak = self.measured.peak
        self._say(f"{rows:,} rows in {done['seconds']:.1f} s, at most {peak.resident / 2**20:,.0f} MiB")

    def _job(self, deployment: int, *, sampled: bool = False) -> dict[str, Any]:
        """Do one job in a process of its own."""
        self._installation.checkpoint()
        command = [sys.executable, "-m", "bench.batch.job", str(deployment)]
        environment = {**os.environ, "AIRFLOW_HOME": str(self._installation.folder / "airflow")}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT, env=environment
        ) as process:
            told = self._installation.to_json()
            if sampled:
                with Sampler(process.pid) as sampler:
                    out, _ = process.communicate(told)
                self.measured.peak = sampler.peak
            else:
                out, _ = process.communicate(told)
        if process.returncode != 0:
            raise RuntimeError("the job failed; what it said stands above")
        done: dict[str, Any] = json.loads(out)
        return done

    def _script(self, rows: int) -> float:
        with self._installation.admin() as admin:
            admin.execute("DROP TABLE IF EXISTS scripted")
            admin.execute("CREATE TABLE scripted (LIKE predictions.logistic_rows INCLUDING ALL)")
        self._installation.checkpoint()
        url = self._installation.admin_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return float(_run(sys.executable, "-m", "bench.batch.script", str(rows), url, self._model_file(self._logistic)))

    def _rows_file(self) -> str:
        """All rows of the table as an Arrow file."""
        import pyarrow as pa

        from modelops.data.reading import Reading

        file = self._installation.folder / "rows.arrow"

        def keep(rows: pa.RecordBatchReader) -> None:
            with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
                for batch in rows:
                    writer.write_batch(batch)

        query = f"SELECT {', '.join(FEATURES)} FROM {TABLE}"  # noqa: S608
        Reading(self._installation.url("modelops_sql"), query, where=TABLE).run(keep)
        return str(file)

    def _model_file(self, deployment: int) -> str:
        """The model that a deployment scores with, in the artifact store."""
        with self._installation.admin() as admin:
            found = admin.execute(
                "SELECT artifact.uri FROM modelops.artifact AS artifact JOIN modelops.deployment USING (version_id)"
                " WHERE deployment.id = %s AND artifact.role = 'output'",
                (deployment,),
            ).fetchone()
        assert found is not None
        return str(found[0])


def _run(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=PROJECT_ROOT).stdout
