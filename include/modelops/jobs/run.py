"""An attempt at a job, with its ledger connection, log, working folder and the resources of the machine."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from modelops.domain.deployments import INTERVAL, Interval
from modelops.domain.resources import Meter
from modelops.plain_files import remove
from modelops.registry.write import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from psycopg import Connection

    from modelops.data.artifacts import ArtifactStore
    from modelops.domain.deployments import Deployment
    from modelops.domain.jobs import Attempt, JobId
    from modelops.domain.schedules import Plan, Schedule
    from modelops.domain.versions import Artifact, ArtifactRole, Version
    from modelops.plain_files import HeldFolder
    from modelops.settings import Settings

Log = Callable[[str], None]
HASH_LENGTHS = {40, 64}
"""Lengths of a git commit hash and of a SHA-256, in hex digits."""
_TAG = re.compile(r"job-([0-9]{1,18})-[0-9]+")
"""Matches the tags of jobs. Other folders in the same place are left alone."""


def _open_nothing(address: str) -> IO[bytes]:
    """Refuse an address, where there is no object store."""
    raise ImportError(f"nothing opens {address}")


@dataclass(frozen=True, kw_only=True)
class Resources:
    """The resources that every job on a machine uses.

    `connect` opens a connection to the ledger (login modelops_jobs, autocommit), whose address is `ledger_url`.
    `rows_url` is the address of the login that runs users' SQL, `features_url` that of the login that adds the rows of
    feature tasks. `plan` computes the next times of a schedule. `open_remote` opens a file of an object store.
    """

    connect: Callable[[], Connection[Any]]
    ledger_url: str
    rows_url: str
    features_url: str
    store: ArtifactStore
    settings: Settings
    plan: Callable[[Schedule], Plan]
    open_remote: Callable[[str], IO[bytes]] = _open_nothing


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """One attempt at a job, with its resources. `ledger` is in autocommit mode; `meter` sums the usage of user code."""

    attempt: Attempt
    ledger: Connection[Any]
    resources: Resources
    log: Log
    meter: Meter = field(default_factory=Meter)

    @property
    def job_id(self) -> JobId:
        """The job's number."""
        return self.attempt.job_id

    @property
    def tag(self) -> str:
        """Prefix of the names of this attempt's temporary files."""
        return f"job-{self.job_id}-{self.attempt.fence}"

    def step(self, name: str, /, **detail: object) -> None:
        """Report in the log and in the ledger that the attempt has reached a step."""
        self.log(f"▸ {name.replace('_', ' ')} {_shown(detail)}".rstrip())
        jobs.step(self.ledger, self.attempt, name, **detail)

    @contextmanager
    def fenced(self, connection: Connection[Any] | None = None) -> Iterator[Connection[Any]]:
        """A transaction that locks the job, so that only its newest attempt can commit.

        Args:
            connection: another connection to the ledger's database, on which the transaction runs; default: `ledger`.

        Raises:
            FenceLost: a newer attempt has the job, or the job was ended.
            Unavailable: the ledger can't be reached.
        """
        connection = connection or self.ledger
        with jobs.fenced(connection, self.attempt):
            yield connection

    def complete(self, result: Mapping[str, Any], connection: Connection[Any] | None = None) -> None:
        """Record the job's result, its completion and the usage of user code; within the transaction of `fenced`.

        Raises:
            OutOfBounds: the result is too large for Airflow and the ledger; the transaction must be rolled back.
        """
        jobs.complete(connection or self.ledger, self.attempt, result, usage=self.meter.total)
        if self.meter.total is not None:
            self.log(f"The code of this job has used {self.meter.total}.")

    def name_subject(self, version: Version) -> None:
        """Record which version the job is about; within the transaction of `fenced`."""
        jobs.name_subject(self.ledger, self.attempt, version)

    def name_deployment(self, deployment: Deployment) -> None:
        """Record which deployment the job is about; within the transaction of `fenced`."""
        jobs.name_deployment(self.ledger, self.attempt, deployment)

    def interval(self, start: str | None, end: str | None) -> Interval | None:
        """Parse the data interval of a request, and wait until it is over by the database's clock; None: no interval.

        Raises:
            IntervalError: the interval is invalid, or ends in the future by more than clocks may differ.
            Unavailable: the ledger can't be reached.
        """
        now = jobs.now(self.ledger)
        interval = Interval.parse(start, end, where=INTERVAL, now=now)
        if interval is not None and interval.end > now:
            self.log(f"The interval ends at {interval.end.isoformat()}, which the database's clock hasn't reached yet.")
            time.sleep((interval.end - now).total_seconds())
        return interval

    @contextmanager
    def workdir(self) -> Iterator[Path]:
        """Create a folder for this attempt and remove it at the end. Folders of killed attempts are removed first."""
        self._sweep()
        folder = self.resources.settings.machine.work / self.tag
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            remove(folder)

    def store_output(self, output: HeldFolder) -> list[Artifact]:
        """Store every file that the user code wrote.

        Raises:
            UserCodeError: one of them is not a plain file, or there are too many files or bytes.
        """
        bounds = self.resources.settings.installation
        artifacts = self.resources.store.put_output(
            output, tag=self.tag, most_files=bounds.output_files, most_bytes=bounds.output_bytes
        )
        self.step("artifacts_stored", files=len(artifacts))
        return artifacts

    def store_file(self, path: Path, role: ArtifactRole) -> Artifact:
        """Store a file under its own name."""
        return self.resources.store.put(path, role=role, name=path.name, tag=self.tag)

    def _sweep(self) -> None:
        """Remove the files of killed attempts: earlier attempts at this job, and attempts at jobs that have ended."""
        self.resources.store.sweep(f"job-{self.job_id}-")
        found = ((path, _TAG.fullmatch(path.name)) for path in self.resources.settings.machine.work.glob("job-*"))
        folders = {path: int(tag[1]) for path, tag in found if tag is not None}
        ended = jobs.ended_among(self.ledger, list(folders.values()))
        for path, job_id in folders.items():
            if job_id == self.job_id or job_id in ended:
                remove(path)


def _shown(detail: Mapping[str, object]) -> str:
    """Format details for the log: numbers with commas, hashes shortened to 12 digits."""
    words = []
    for name, value in detail.items():
        if isinstance(value, int):
            words.append(f"{name}={value:,}")
        elif value is not None:
            text = str(value)
            words.append(f"{name}={text[:12] if len(text) in HASH_LENGTHS else text}")
    return f"({', '.join(words)})" if words else ""
