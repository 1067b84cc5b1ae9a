"""Lists of jobs: what fits, newest first, page by page, and nothing of a DAG that isn't to be seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import take, task_key
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobId, JobStatus
from modelops.registry.read import job_list
from modelops.registry.read.job_list import Count, JobFilter, Place

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAGS = ["model_lifecycle", "other"]
MADE = """
INSERT INTO modelops.job
  (type, dag_id, run_id, task_id, subject, status, attempt, requested_by, created_at, ended_at, result, error)
SELECT (enum_range(NULL::modelops.job_type))[1 + mod(i, 3)], 'model_lifecycle', 'run-' || i, 'task',
       CASE WHEN mod(i, 2) = 0 THEN 'demo/arrival_delay v' || i ELSE 'mine/risk%%' END,
       CASE WHEN mod(i, 4) = 0 THEN 'failed' ELSE 'completed' END::modelops.job_status, 1,
       CASE WHEN mod(i, 5) = 0 THEN 'grace' ELSE 'ada' END, %(noon)s + i / 2 * interval '1 minute',
       %(noon)s + i * interval '1 minute', '{}', CASE WHEN mod(i, 4) = 0 THEN 'there is no column arrival_' || i END
FROM generate_series(1, 60) AS i
"""
"""Sixty jobs, two each minute."""


@pytest.fixture
def reader(database: Database) -> Any:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")  # else each would have to go through its whole life
        admin.execute(MADE, {"noon": NOON})
    with database.connect("modelops_reader") as connection:
        yield connection


def ids(connection: Connection[Any], **wanted: Any) -> list[int]:
    return [row["id"] for row in job_list.page(connection, DAGS, JobFilter(**wanted), limit=100, open_dags=DAGS)]


def test_pages_hold_each_job_once_and_the_newest_first(reader: Connection[Any]) -> None:
    seen: list[int] = []
    place = None
    while rows := job_list.page(reader, DAGS, JobFilter(), after=place, limit=7):
        seen += [row["id"] for row in rows]
        place = Place(created_at=rows[-1]["created_at"], id=rows[-1]["id"])
    assert seen == list(range(60, 0, -1))


def test_what_is_looked_for(reader: Connection[Any]) -> None:
    everything = set(range(1, 61))
    second = list(JobType)[1]
    assert set(ids(reader, types=[second])) == {i for i in everything if i % 3 == 1}
    assert set(ids(reader, statuses=[JobStatus.FAILED, JobStatus.RUNNING])) == {i for i in everything if i % 4 == 0}
    assert set(ids(reader, person="grace")) == {i for i in everything if i % 5 == 0}
    assert set(ids(reader, subject="demo/arrival_delay")) == {i for i in everything if i % 2 == 0}
    assert ids(reader, subject="demo/arrival_delay v12") == [12]
    assert ids(reader, subject="demo/arrival_delay v1") == []
    assert ids(reader, subject="demo/arrival") == []
    later = NOON + timedelta(minutes=29)
    assert set(ids(reader, created_from=later)) == {58, 59, 60}
    assert set(ids(reader, created_before=NOON + timedelta(minutes=1))) == {1}
    both = ids(reader, types=[second], person="grace", statuses=[JobStatus.COMPLETED])
    assert set(both) == {i for i in everything if i % 3 == 1 and i % 5 == 0 and i % 4}


def test_signs_that_mean_something_to_the_database_stand_for_themselves(reader: Connection[Any]) -> None:
    assert len(ids(reader, subject="mine/risk%")) == 30
    for subject in ("%", "mine_risk", "mine\\", "' OR true --"):
        assert ids(reader, subject=subject) == []


def test_a_text_anywhere_in_the_subject_the_run_or_the_error(reader: Connection[Any]) -> None:
    subjects = {i: "mine/risk%" if i % 2 else f"demo/arrival_delay v{i}" for i in range(60, 0, -1)}
    errors = {i: "" if i % 4 else f" there is no column arrival_{i}" for i in subjects}
    known_by = {i: f"{subject} run-{i}{errors[i]}" for i, subject in subjects.items()}
    whole = ["demo/arrival_delay v12 run-12", "DEMO/Arrival_Delay V12 RUN-12", "demo/arrival_delay v12 run-14"]
    parts = [
        "RISK%",
        "delay v12",
        "run-33",
        "l_d",
        "arrival-delay",
        "arrival%v12",
        "run-",
        "sk% run-1",
        "elephant",
        "arrival_48",
        "No Column",
    ]
    short = ["3", "v1", "N-", "Q", "%", "_", "\\", "-", " ", "", "___", "% ", "\\%", "' OR true --"]
    for text in whole + parts + short:
        assert ids(reader, search=text) == [i for i, known in known_by.items() if text.lower() in known.lower()], text


def test_a_text_of_any_signs(connection: Connection[Any]) -> None:
    subjects = ["größe/Übersicht v1", "größe/übersicht v2", "日本語/モデル v3", "a\\b%c_d v4"]
    jobs = [take(connection, task_key(run_id=f"run-{i}"), subject=of).job_id for i, of in enumerate(subjects)]
    for text, found in (("GRöß", [1, 0]), ("E/Ü", [0]), ("本語/モ", [2]), ("デ", [2]), ("\\b%C_", [3]), ("a_b", [])):
        assert ids(connection, search=text) == [jobs[i] for i in found], text


def test_a_subject_may_be_of_any_length(connection: Connection[Any]) -> None:
    subject = "".join(chr(0x4E00 + i) for i in range(8000))
    job = take(connection, task_key(), subject=subject)
    assert ids(connection, subject=subject[:250]) == [job.job_id]
    assert ids(connection, subject=subject[1:250]) == []


def test_jobs_of_other_dags_are_not_told_of(reader: Connection[Any]) -> None:
    assert job_list.page(reader, ["other"], JobFilter(), limit=10) == []
    assert job_list.counts(reader, ["other"]) == []


def test_one_job(reader: Connection[Any]) -> None:
    found = job_list.find(reader, JobId(4))
    assert found is not None
    assert found["error"] == "there is no column arrival_4"
    assert job_list.find(reader, JobId(61)) is None


def test_counts_are_exact_up_to_a_bound(reader: Connection[Any]) -> None:
    counted = job_list.counts(reader, DAGS)
    assert sum(count.number for count in counted) == 60
    assert not any(count.more for count in counted)
    assert {count.status for count in counted} == {JobStatus.COMPLETED, JobStatus.FAILED}
    for bound, more in ((4, True), (5, False)):
        failed = job_list.counts(reader, DAGS, bound=bound)[1]
        assert failed == Count(type=JobType.TRAINING, status=JobStatus.FAILED, number=bound, more=more)


def test_the_dags_that_have_had_jobs(connection: Connection[Any]) -> None:
    assert job_list.dag_ids(connection) == set()
    for dag_id in ("b", "a", "b", "c"):
        take(connection, task_key(dag_id=dag_id))
    assert job_list.dag_ids(connection) == {"a", "b", "c"}
