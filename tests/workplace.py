"""What jobs of tests work with, below one folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from factories import take, task_key
from modelops.jobs.run import JobRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from modelops.domain.job_types import JobType
    from modelops.domain.jobs import Attempt
    from modelops.jobs.run import Resources
    from modelops.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """A connection to the ledger, and what makes a run of an attempt."""

    connection: Connection[Any]
    resources: Resources
    log: Callable[[str], None]

    @property
    def settings(self) -> Settings:
        return self.resources.settings

    def connect(self) -> Connection[Any]:
        return self.resources.connect()

    def run(self, attempt: Attempt) -> JobRun:
        return JobRun(attempt=attempt, ledger=self.connection, resources=self.resources, log=self.log)

    def job(self, type_: JobType, **values: Any) -> JobRun:
        """A first attempt at a job of this type, unless the values say otherwise."""
        return self.run(take(self.connection, values.pop("key", None) or task_key(task_id=type_), type=type_, **values))

    def with_resources(self, **values: Any) -> Workplace:
        return replace(self, resources=replace(self.resources, **values))

    def with_installation(self, **values: Any) -> Workplace:
        """With these settings of the installation."""
        installation = replace(self.settings.installation, **values)
        return self.with_resources(settings=replace(self.settings, installation=installation))
