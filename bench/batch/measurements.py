"""The measurements of batch prediction. Measurements that are compared with each other alternate."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.batch.copy_baseline import CopyBaseline
from bench.batch.lifecycle import approve_version, deploy_version
from bench.installation import FEATURES, make_rows
from bench.memory import Peak
from bench.reports import progress
from bench.task import run_job
from bench.timing import Steps, Times
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from bench.installation import Installation

TABLE, LARGE_TABLE = "measured", "measured_more"
LOGISTIC, BOOSTING = "bench/logistic", "bench/boosting"
SCRIPT_ROWS = 200_000
SCRIPT_TIME_LIMIT = 180.0
"""The script scores all rows if this would take at most so many seconds, according to its time for `SCRIPT_ROWS`."""


@dataclass
class Measured:
    """The results, in seconds, rows and bytes."""

    rows: int
    server: dict[str, str]
    job: Times = field(default_factory=Times)
    steps: Steps = field(default_factory=list)
    """The log of the last job."""
    copy: Times = field(default_factory=Times)
    copy_out: Times = field(default_factory=Times)
    copy_into: Times = field(default_factory=Times)
    script_rows: int = 0
    script_seconds: float = 0.0
    boosting: Times = field(default_factory=Times)
    library: Times = field(default_factory=Times)
    memory_rows: int = 0
    peak: Peak = field(default_factory=Peak)


class Bench:
    """The measurements.

    Args:
        installation: an empty installation.
        rows: the number of rows of the table that is scored.
    """

    def __init__(self, installation: Installation, *, rows: int) -> None:
        self._installation = installation
        self.measured = Measured(rows=rows, server=installation.settings_of_server())

    def prepare(self) -> None:
        """Create the table, and put both models into production."""
        make_rows(self._installation, TABLE, self.measured.rows)
        progress(f"{self.measured.rows:,} rows made")
        self._version = approve_version(self._installation, LOGISTIC)
        self._logistic = deploy_version(self._installation, LOGISTIC, self._version, target="logistic")
        version = approve_version(self._installation, BOOSTING)
        self._boosting = deploy_version(self._installation, BOOSTING, version, target="boosting")
        progress("both models are in production")

    def compare_with_copy(self, repetitions: int) -> None:
        """Measure the logistic regression's job and the COPY commands, alternately."""
        first = self._job(self._logistic)
        copy = CopyBaseline(self._installation, table=TABLE, target="logistic", run=first["run"])
        copy.measure()
        progress(f"warm-up, not counted: job {first['seconds']:.2f} s, COPY {copy.total}")
        copy.reset()
        for _ in range(repetitions):
            done = self._job(self._logistic)
            self.measured.job.add(done["seconds"])
            self.measured.steps = done["log"]
            copy.measure()
            progress(f"job {done['seconds']:.2f} s, COPY {copy.total.seconds[-1]:.2f} s")
        self.measured.copy, self.measured.copy_out, self.measured.copy_into = copy.total, copy.out, copy.into

    def measure_script(self) -> None:
        """Measure a script with pandas and SQLAlchemy, once."""
        rows = min(self.measured.rows, SCRIPT_ROWS)
        seconds = self._script(rows)
        if rows < self.measured.rows and seconds / rows * self.measured.rows <= SCRIPT_TIME_LIMIT:
            rows, seconds = self.measured.rows, self._script(self.measured.rows)
        self.measured.script_rows, self.measured.script_seconds = rows, seconds
        progress(f"script {seconds:.2f} s for {rows:,} rows")

    def compare_with_library(self, repetitions: int) -> None:
        """Measure the gradient boosting's job and a call of the library's `inplace_predict`, alternately."""
        model = self._model_file(self._boosting)
        rows = self._rows_file()
        python = str(self._installation.environment_of("boosting").python)
        first = self._job(self._boosting)
        progress(f"warm-up, not counted: boosting job {first['seconds']:.2f} s")
        for _ in range(repetitions):
            library = _run(python, str(Path(__file__).with_name("library.py")), rows, model)
            self.measured.library.add(float(library))
            self.measured.boosting.add(self._job(self._boosting)["seconds"])
            progress(f"boosting job {self.measured.boosting.seconds[-1]:.2f} s, library {float(library):.2f} s")

    def measure_memory(self, rows: int) -> None:
        """Measure the peak memory of the logistic regression's job when it scores a larger table."""
        make_rows(self._installation, LARGE_TABLE, rows)
        deployment = deploy_version(
            self._installation,
            LOGISTIC,
            self._version,
            target="large",
            dataset=f"SELECT id, {', '.join(FEATURES)} FROM {LARGE_TABLE}",  # noqa: S608
        )
        peak = self.measured.peak
        done = self._job(deployment, peak=peak)
        self.measured.memory_rows = rows
        progress(f"{rows:,} rows in {done['seconds']:.1f} s, at most {peak.resident / 2**20:,.0f} MiB")

    def _job(self, deployment: int, *, peak: Peak | None = None) -> dict[str, Any]:
        self._installation.checkpoint()
        return run_job(self._installation, "predict", str(deployment), peak=peak)

    def _script(self, rows: int) -> float:
        with self._installation.admin() as admin:
            admin.execute("DROP TABLE IF EXISTS scripted")
            admin.execute("CREATE TABLE scripted (LIKE predictions.logistic_rows INCLUDING ALL)")
        self._installation.checkpoint()
        url = self._installation.admin_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return float(_run(sys.executable, "-m", "bench.batch.script", str(rows), url, self._model_file(self._logistic)))

    def _rows_file(self) -> str:
        """Write all rows of the table to an Arrow file; returns its path."""
        import pyarrow as pa

        from modelops.data.reading import Reading

        file = self._installation.folder / "rows.arrow"

        def write(rows: pa.RecordBatchReader) -> None:
            with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
                for batch in rows:
                    writer.write_batch(batch)

        query = f"SELECT {', '.join(FEATURES)} FROM {TABLE}"  # noqa: S608
        Reading(self._installation.url("modelops_sql"), query, where=TABLE).run(write)
        return str(file)

    def _model_file(self, deployment: int) -> str:
        """The path of a deployment's model in the artifact store."""
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
