"""Lists of jobs, newest first, with filters and search. See `sql/job_list.sql`.

Functions that return lists filter by `dag_ids`: the DAGs whose jobs the user may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobId, JobStatus
from modelops.registry.queries import Queries
from modelops.registry.translation import translated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

_QUERIES = Queries("job_list")
COUNTED_TO = 10_000
"""The number up to which counts of jobs are exact."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The end of a page: its last job."""

    created_at: datetime
    id: JobId


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """A filter of jobs; None doesn't restrict.

    Args:
        subject: up to 250 characters. One word is a model, with the jobs of its versions; two are a version, with the
            jobs of its deployments; more are a whole subject.
        search: a text in the subject, the id of the DAG run or the beginning of the error, case-insensitive.
        dag_id, run_id, task_id, map_index: of the Airflow task instance.
        created_from, created_before: with a time zone.
    """

    types: Collection[JobType] | None = None
    statuses: Collection[JobStatus] | None = None
    subject: str | None = None
    search: str | None = None
    person: str | None = None
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Count:
    """The number of jobs of a type with a status; `more`: there are more than `number`."""

    type: JobType
    status: JobStatus
    number: int
    more: bool


def page(
    connection: Connection[Any],
    dag_ids: Sequence[str],
    job_filter: JobFilter,
    *,
    after: Place | None = None,
    limit: int,
    open_dags: Sequence[str] = (),
) -> list[Mapping[str, Any]]:
    """The newest matching jobs, as rows of `modelops.job_summary`; if `after` is given, those after it in the list.

    The errors of jobs of `open_dags` only are searched.
    """
    dags, only_dag = _one_or_several(dag_ids)
    types, only_type = _one_or_several(job_filter.types)
    statuses, only_status = _one_or_several(job_filter.statuses)
    with translated():
        rows = _QUERIES.execute(
            connection,
            "page",
            dag_ids=dags,
            only_dag=only_dag,
            types=types,
            only_type=only_type,
            statuses=statuses,
            only_status=only_status,
            **_by_subject(job_filter.subject),
            search=job_filter.search,
            open_dags=list(open_dags),
            rare=None if job_filter.search is None else _rare_pattern(connection, job_filter.search),
            person=job_filter.person,
            dag_id=job_filter.dag_id,
            run_id=job_filter.run_id,
            task_id=job_filter.task_id,
            map_index=job_filter.map_index,
            created_from=job_filter.created_from,
            created_before=job_filter.created_before,
            last_created_at=None if after is None else after.created_at,
            last_id=None if after is None else after.id,
            limit=limit,
        )
        return list(rows)


def counts(connection: Connection[Any], dag_ids: Sequence[str], *, bound: int = COUNTED_TO) -> list[Count]:
    """The number of jobs by type and status, in the order of the life cycle; zeros are omitted."""
    with translated():
        return [
            Count(
                type=JobType(row["type"]),
                status=JobStatus(row["status"]),
                number=min(row["number"], bound),
                more=row["number"] > bound,
            )
            for row in _QUERIES.execute(connection, "counts", dag_ids=list(dag_ids), bound=bound)
        ]


def find(connection: Connection[Any], job_id: JobId) -> Mapping[str, Any] | None:
    """A job with its parameters, result and error, regardless of who may see it; None if there is none."""
    with translated():
        return _QUERIES.execute(connection, "find", id=job_id).fetchone()


def dag_ids(connection: Connection[Any]) -> set[str]:
    """The DAGs that have ever had a job, including those that Airflow has no more."""
    with translated():
        return {row["dag_id"] for row in _QUERIES.execute(connection, "dag_ids")}


def _one_or_several(values: Collection[str] | None) -> tuple[list[str] | None, str | None]:
    """Several values as (values, None), a single one as (None, value), no restriction as (None, None)."""
    if values is None or len(values) != 1:
        return None if values is None else list(values), None
    return None, next(iter(values))


def _by_subject(subject: str | None) -> dict[str, str | None]:
    """The subject as a model, a version or a whole subject; each has an index of its own."""
    kinds: dict[str, str | None] = dict.fromkeys(("model", "version", "subject"))
    if subject is not None:
        kinds[("model", "version", "subject")[min(subject.count(" "), 2)]] = subject
    return kinds


def _rare_pattern(connection: Connection[Any], text: str) -> str | None:
    """A LIKE pattern of the rare trigrams of a text; None for an empty text."""
    [row] = _QUERIES.execute(connection, "rare", text=text)
    pattern: str | None = row["pattern"]
    return pattern
