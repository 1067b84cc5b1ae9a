"""How the database finds jobs among many: by an index that has them in order, or by one that leaves few to sort."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobId, JobStatus
from modelops.registry.read import job_list
from modelops.registry.read.job_list import JobFilter, Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Database

NUMBER = 50_000
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAGS = [f"dag-{number}" for number in range(10)]
MADE = """
INSERT INTO modelops.job
  (type, dag_id, run_id, task_id, subject, status, attempt, requested_by, created_at, ended_at, result, error)
SELECT CASE WHEN i <= 1500 THEN 'retirement' ELSE (enum_range(NULL::modelops.job_type))[1 + mod(i, 4)] END,
       'dag-' || CASE WHEN i <= 500 THEN 9 ELSE mod(i, 9) END, 'run-' || i, 'task',
       'repo/model_' || mod(i, 300) || ' v' || mod(i, 900),
       (CASE WHEN mod(i, 1000) = 0 THEN 'cancelled' WHEN mod(i, 50) = 0 THEN 'failed' ELSE 'completed' END)
         ::modelops.job_status,
       1, 'person-' || mod(i, 100), %(first)s + i * interval '1 minute', %(first)s + i * interval '2 minutes',
       '{}', 'it had to be'
FROM generate_series(1, %(number)s) AS i
"""
"""All retirements, and all jobs of the tenth DAG, are among the oldest."""


class Explaining(psycopg.Cursor[Any]):
    """Tells how a query for a list of jobs would be answered instead of approval_connection it."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        return super().execute("EXPLAIN (FORMAT JSON) " * ("job_summary" in query) + query, params, **how)


@pytest.fixture
def explaining(database: Database) -> Any:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(MADE, {"first": FIRST, "number": NUMBER})
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE modelops.job")
    with database.connect("modelops_reader") as connection:
        connection.prepare_threshold = None
        connection.cursor_factory = Explaining
        yield connection


def steps(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def of_jobs(rows: Any) -> tuple[set[str], float]:
    """The indexes by which a plan finds jobs, and how many it expects to sort or to read without an index."""
    found = list(steps(rows[0]["QUERY PLAN"][0]["Plan"]))
    read = [step for step in found if step.get("Relation Name") == "job"]
    # A bitmap's indexes are named by the steps below the one that reads the table.
    indexes = {step["Index Name"] for one in read for step in steps(one) if "Index Name" in step}
    if any(step["Node Type"] == "Seq Scan" for step in read):
        return indexes, NUMBER
    sorts = [list(steps(step)) for step in found if step["Node Type"] == "Sort"]
    return indexes, max((one["Plan Rows"] for below in sorts for one in read if one in below), default=0)


LATER = FIRST + timedelta(days=10)
FEW = 500
"""As many may be sorted."""
WANTED: list[tuple[dict[str, Any], str]] = [
    ({}, "job_newest"),
    ({"statuses": [JobStatus.CANCELLED]}, "job_newest_of_status"),
    ({"statuses": [JobStatus.RUNNING]}, "job_newest_of_status"),
    ({"statuses": [JobStatus.QUEUED, JobStatus.RUNNING]}, "job_newest_of_status"),
    ({"types": [JobType.RETIREMENT]}, "job_newest_of_type"),
    ({"types": [JobType.TRAINING], "statuses": [JobStatus.CANCELLED]}, "job_newest_of_type_by_status"),
    ({"person": "person-7"}, "job_newest_of_person"),
    ({"person": "person-50", "statuses": [JobStatus.CANCELLED]}, "job_newest_of_person_by_status"),
    ({"created_from": LATER, "created_before": LATER + timedelta(days=1)}, "job_newest"),
    ({"subject": "repo/model_77"}, "job_newest_of_model"),
    ({"subject": "repo/model_77 v77"}, "job_newest_of_version"),
    ({"subject": "repo/model_77 v77 (deployment 1)"}, "job_newest_of_subject"),
    ({"subject": "repo/nothing"}, "job_newest_of_model"),
    ({"subject": "repo/nothing v1"}, "job_newest_of_version"),
    ({"search": "model_77 v377"}, "job_known_by"),
    ({"search": "repo/model_77 v377 run-"}, "job_known_by"),
    ({"search": "elephant"}, "job_known_by"),
    ({"search": "repo/model"}, "job_newest"),
    ({"dag_id": "dag-7", "run_id": "run-7"}, "job_task"),
]
"""What is looked for, and the index that finds it: newest first, or the few there are."""


@pytest.mark.parametrize("after", [None, Place(created_at=LATER, id=JobId(14_400))], ids=["first page", "later page"])
def test_how_jobs_are_found(explaining: Any, after: Place | None) -> None:
    for wanted, index in WANTED:
        indexes, costly = of_jobs(job_list.page(explaining, DAGS, JobFilter(**wanted), after=after, limit=51))
        assert indexes == {index}, wanted
        assert costly <= FEW, wanted


def test_how_the_jobs_of_the_only_dag_that_somebody_may_see_are_found(explaining: Any) -> None:
    indexes, costly = of_jobs(job_list.page(explaining, ["dag-9"], JobFilter(), after=None, limit=51))
    assert indexes == {"job_newest_of_dag"}
    assert costly <= FEW


def test_the_index_is_asked_for_what_few_jobs_have_of_a_text(explaining: Any) -> None:
    [row] = job_list.page(explaining, DAGS, JobFilter(search="Repo/Model_77 v377"), limit=51)
    asked = [step["Index Cond"] for step in steps(row["QUERY PLAN"][0]["Plan"]) if "job_known_by" in step.values()]
    known_by = r"""(((subject || ' '::text) || run_id) || COALESCE((' '::text || "left"(error, 300)), ''::text))"""
    assert asked == [rf"(lower({known_by}) ~~ '%%%%%%%%%%l\_77 v377%'::text)"]
