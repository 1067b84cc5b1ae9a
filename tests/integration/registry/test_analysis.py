"""How jobs fare over time: the times that are kept with each, and what is summed up from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from factories import take, task_key
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Event
from modelops.registry.read import analysis
from modelops.registry.read.analysis import Figures, Quantiles, Span
from modelops.registry.write import jobs

if TYPE_CHECKING:
    from psycopg import Connection

    from conftest import Database

MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)
"""Of the day on which clocks in Paris go from two to three in the night."""
PARIS = ZoneInfo("Europe/Paris")
MADE = """
INSERT INTO modelops.job (type, dag_id, run_id, task_id, subject, status, attempt, requested_by, created_at, result,
                          error, ended_at, waited, worked)
SELECT CASE WHEN i <= 100 THEN 'training' ELSE 'approval' END::modelops.job_type, 'model_lifecycle', 'run-' || i,
       'task', 'demo/arrival_delay',
       (CASE WHEN i = 100 THEN 'running' WHEN i = 99 THEN 'cancelled' WHEN mod(i, 4) = 0 THEN 'failed'
        ELSE 'completed' END)::modelops.job_status,
       1, 'ada', %(midnight)s + mod(i, 100) * interval '1 hour', '{}', 'it had to be',
       CASE WHEN i <> 100 THEN %(midnight)s + i * interval '2 hours' END,
       CASE WHEN i <> 100 THEN i * interval '1 second' END, CASE WHEN i < 100 THEN i * interval '1 minute' END
FROM generate_series(1, 110) AS i
"""
"""A training in each of a hundred hours, and some approvals, which had no worker."""


@pytest.fixture
def reader(database: Database) -> Any:
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")  # else each would have to go through its whole life
        admin.execute(MADE, {"midnight": MIDNIGHT})
    with database.connect("modelops_reader") as connection:
        yield connection


def span(**values: Any) -> Span:
    whole = {"types": list(JobType), "created_from": MIDNIGHT, "created_before": MIDNIGHT + timedelta(days=10)}
    return Span(**{**whole, **values})


def kept(connection: Connection[Any], job_id: int) -> Any:
    """The times with the job, and those that its events give."""
    return connection.execute(
        "SELECT job.waited, job.worked, total.waited, total.worked"
        " FROM modelops.job JOIN modelops.job_summary AS total USING (id) WHERE id = %s",
        (job_id,),
    ).fetchone()


def test_the_figures_of_each_type(reader: Connection[Any]) -> None:
    training, approval = analysis.by_type(reader, ["model_lifecycle"], span(), unit="day", zone="UTC")
    assert (training.type, approval.type) == (JobType.TRAINING, JobType.APPROVAL)
    assert training.whole == Figures(
        number=100,
        completed=74,
        failed=24,
        waited=Quantiles(median=50, p95=pytest.approx(94.1)),  # the hundredth is under way
        worked=Quantiles(median=3000, p95=pytest.approx(5646)),
    )
    assert training.whole.failure_rate == pytest.approx(24 / 98)
    assert approval.whole.worked is None
    assert {of_day.start: of_day.number for of_day in training.periods} == {
        MIDNIGHT: 24,
        **{MIDNIGHT + timedelta(days=day): 24 for day in (1, 2, 3)},
        MIDNIGHT + timedelta(days=4): 4,
    }


def test_periods_begin_when_the_clocks_say_so(reader: Connection[Any]) -> None:
    [training] = analysis.by_type(
        reader, ["model_lifecycle"], span(types=[JobType.TRAINING]), unit="day", zone="Europe/Paris"
    )
    starts = [period.start for period in training.periods]
    assert starts[:2] == [datetime(2026, 3, 29, tzinfo=PARIS), datetime(2026, 3, 30, tzinfo=PARIS)]
    assert training.periods[0].number == 22  # from one at night in Paris to midnight, and an hour less
    [weeks] = analysis.by_type(reader, ["model_lifecycle"], span(types=[JobType.TRAINING]), unit="week", zone="UTC")
    assert [week.start for week in weeks.periods] == [
        datetime(2026, 3, 23, tzinfo=UTC),
        datetime(2026, 3, 30, tzinfo=UTC),
    ]


def test_what_is_not_asked_for_or_not_to_be_seen(reader: Connection[Any]) -> None:
    assert analysis.by_type(reader, ["other"], span(), unit="day", zone="UTC") == []
    assert analysis.slowest(reader, ["other"], span(), limit=10) == []
    short = span(created_from=MIDNIGHT + timedelta(hours=1), created_before=MIDNIGHT + timedelta(hours=2))
    assert [
        of.whole.number for of in analysis.by_type(reader, ["model_lifecycle"], short, unit="hour", zone="UTC")
    ] == [
        1,
        1,
    ]


def test_without_any_that_came_to_an_end(reader: Connection[Any]) -> None:
    last = span(created_from=MIDNIGHT, created_before=MIDNIGHT + timedelta(minutes=1), types=[JobType.TRAINING])
    [training] = analysis.by_type(reader, ["model_lifecycle"], last, unit="day", zone="UTC")
    assert (training.whole.number, training.whole.waited, training.whole.failure_rate) == (1, None, None)


def test_the_slowest(reader: Connection[Any]) -> None:
    rows = analysis.slowest(reader, ["model_lifecycle"], span(), limit=3)
    assert [row["run_id"] for row in rows] == ["run-99", "run-98", "run-97"]


def test_the_times_are_kept_when_a_job_has_ended(connection: Connection[Any]) -> None:
    attempt = take(connection)
    jobs.step(connection, attempt, "rows_written")
    assert kept(connection, attempt.job_id)[:2] == (None, None)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {})
    waited, worked, *live = kept(connection, attempt.job_id)
    assert worked is not None
    assert [waited, worked] == live


def test_what_is_told_late_counts(connection: Connection[Any]) -> None:
    attempt = take(connection)
    with jobs.fenced(connection, attempt):
        jobs.complete(connection, attempt, {})
    ago = datetime.now(UTC) - timedelta(minutes=5)
    jobs.add_event(connection, attempt.job_id, 1, Event.QUEUED, actor="airflow", detail={}, at=ago)
    waited, worked, *live = kept(connection, attempt.job_id)
    assert waited > timedelta(minutes=4)
    assert [waited, worked] == live


def test_a_job_that_is_done_anew(connection: Connection[Any]) -> None:
    key = task_key()
    attempt = take(connection, key)
    jobs.give_up(connection, attempt, error="lost", again=False)
    before = kept(connection, attempt.job_id)
    again = take(connection, key, number=2)
    with jobs.fenced(connection, again):
        jobs.complete(connection, again, {})
    after = kept(connection, attempt.job_id)
    assert after[:2] == after[2:]
    assert after[1] > before[1]


@pytest.mark.parametrize("column", ["waited", "worked"])
def test_nobody_else_writes_them(database: Database, column: str) -> None:
    with (
        database.connect("modelops_jobs") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"),
    ):
        connection.execute(f"UPDATE modelops.job SET {column} = '1 s'")
