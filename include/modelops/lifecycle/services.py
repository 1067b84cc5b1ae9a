"""What a use case works with, put together by whoever calls it (an operator, the runner's check, a test)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from modelops.domain.deployments import INTERVAL, Interval
from modelops.domain.versions import ArtifactRole
from modelops.lifecycle.workbench import Workbench
from modelops.plain_files import remove
from modelops.registry import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from psycopg import Connection

    from modelops.data.artifacts import ArtifactStore
    from modelops.domain.jobs import Attempt
    from modelops.domain.schedules import Plan, Schedule
    from modelops.domain.versions import Artifact, Version
    from modelops.lifecycle.code import Code
    from modelops.plain_files import HeldFolder
    from modelops.repository.definition import ModelDefinition
    from modelops.settings import Settings

Log = Callable[[str], None]
HASH_LENGTHS = {40, 64}
"""Of a git commit and of a SHA-256, in hex."""
_TAG = re.compile(r"job-([0-9]{1,18})-[0-9]+")
"""What `tag_of` gives. People may keep other folders beside those."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """The database, the stores and the log of one attempt at a job.

    `connection` is the ledger's (login modelops_jobs, autocommit), `connect` makes another one like it; `ledger_url` is
    its address. `rows_url` is that of the login for users' SQL, `features_url` of that which adds feature tasks' rows.
    `plan` says what a schedule comes to from now on.
    """

    connection: Connection[Any]
    connect: Callable[[], Connection[Any]]
    ledger_url: str
    rows_url: str
    features_url: str
    store: ArtifactStore
    settings: Settings
    log: Log
    plan: Callable[[Schedule], Plan]

    def reach(self, attempt: Attempt, step: str, **detail: object) -> None:
        """Say in the log and write in the ledger that the attempt has come to a step."""
        self.log(f"▸ {step.replace('_', ' ')} {_shown(detail)}".rstrip())
        jobs.reach(self.connection, attempt, step, **detail)

    def interval(self, start: str | None, end: str | None) -> Interval | None:
        """The data interval that a request names, when it is over by the database's clock; None: it names none.

        Raises:
            IntervalError: it is no interval, or ends later than another machine's clock may be ahead.
            Unavailable: the ledger can't be reached.
        """
        now = jobs.now(self.connection)
        interval = Interval.parse(start, end, where=INTERVAL, now=now)
        if interval is not None and interval.end > now:
            self.log(f"The interval ends at {interval.end.isoformat()}, which the database's clock hasn't reached yet.")
            time.sleep((interval.end - now).total_seconds())
        return interval

    def workbench(self, version: Version, code: Code[ModelDefinition], attempt: Attempt, folder: Path) -> Workbench:
        """Where the version's code is put to work for this attempt."""
        return Workbench(
            code=code,
            folder=folder,
            hyperparameters=version.hyperparameters or {},
            project_id=version.name.partition("/")[0],
            model_version=str(version.number),
            job_id=str(attempt.job_id),
            rows_url=self.rows_url,
            settings=self.settings,
            log=self.log,
            reach=partial(self.reach, attempt),
        )

    def store_output(self, output: HeldFolder, attempt: Attempt) -> list[Artifact]:
        """Store every file that user code left.

        Raises:
            UserCodeError: there is something else than plain files among them, or too much.
        """
        artifacts = self.store.put_output(
            output,
            tag=tag_of(attempt),
            most_files=self.settings.output_files,
            most_bytes=self.settings.output_bytes,
        )
        self.reach(attempt, "artifacts_stored", files=len(artifacts))
        return artifacts

    def store_sample(self, path: Path, attempt: Attempt) -> Artifact:
        """Store some rows of the training and how the model scored them."""
        return self.store.put(path, role=ArtifactRole.SAMPLE, name=path.name, tag=tag_of(attempt))

    def _sweep(self, attempt: Attempt) -> None:
        """Remove what killed attempts left: those of this job, and the last ones of jobs that are over."""
        self.store.sweep(f"job-{attempt.job_id}-")
        found = ((path, _TAG.fullmatch(path.name)) for path in self.settings.work.glob("job-*"))
        folders = {path: int(tag[1]) for path, tag in found if tag is not None}
        over = jobs.over_among(self.connection, list(folders.values()))
        for path, job_id in folders.items():
            if job_id == attempt.job_id or job_id in over:
                remove(path)

    @contextmanager
    def workdir(self, attempt: Attempt) -> Iterator[Path]:
        """A folder of this attempt's own; it goes with the attempt, and so does what killed ones left."""
        self._sweep(attempt)
        folder = self.settings.work / tag_of(attempt)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            remove(folder)


def tag_of(attempt: Attempt) -> str:
    """What the temporary files of an attempt begin with."""
    return f"job-{attempt.job_id}-{attempt.fence}"


def _shown(detail: Mapping[str, object]) -> str:
    """Details as they stand in the log: numbers with commas, hashes cut to what tells them apart."""
    words = []
    for name, value in detail.items():
        if isinstance(value, int):
            words.append(f"{name}={value:,}")
        elif value is not None:
            text = str(value)
            words.append(f"{name}={text[:12] if len(text) in HASH_LENGTHS else text}")
    return f"({', '.join(words)})" if words else ""
