"""The memory and CPU time that jobs have used, and what to request for the next one. See `sql/usage.sql`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.resources import ResourceRequest, suggested_cpu_seconds, suggested_memory
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from modelops.domain.jobs import JobId

_QUERIES = Queries("usage")
RECENT = 10
"""The number of jobs from which the next request is suggested."""


@dataclass(frozen=True, kw_only=True)
class RecentUsage:
    """The most that the last completed jobs of a model and a type have used, and a request that would do for them."""

    jobs: int
    peak_memory: int
    peak_allocated: int
    cpu_seconds: float

    @property
    def memory(self) -> int:
        """Bytes to request."""
        return suggested_memory(max(self.peak_memory, self.peak_allocated))

    @property
    def cpu_seconds_to_request(self) -> int:
        """Seconds of CPU time to request."""
        return suggested_cpu_seconds(self.cpu_seconds)


@dataclass(frozen=True, kw_only=True)
class JobUsage:
    """What a job has used, in bytes and seconds (None: no user code was measured), and what its version requests."""

    peak_memory: int | None
    peak_allocated: int | None
    cpu_seconds: float | None
    requested: ResourceRequest
    recent: RecentUsage | None


def of_job(connection: Connection[Any], job_id: JobId, dag_ids: Sequence[str]) -> JobUsage:
    """The usage of a job that exists; `recent` is of the jobs of these DAGs, None if none was measured."""
    with translated():
        job = _QUERIES.execute(connection, "of_job", id=job_id).fetchone()
        assert job is not None
        version = _QUERIES.execute(connection, "requested", id=job_id).fetchone()
        recent = _QUERIES.execute(
            connection, "recent", model=job["model"], type=job["type"], dag_ids=list(dag_ids), limit=RECENT
        ).fetchone()
    return JobUsage(
        peak_memory=job["peak_memory"],
        peak_allocated=job["peak_allocated"],
        cpu_seconds=job["cpu_seconds"],
        requested=ResourceRequest.from_record(None if version is None else version["resources"]),
        recent=None if recent is None or not recent["jobs"] else RecentUsage(**recent),
    )
