"""How much the database reads to answer about one batch of a deployment that has made a hundred thousand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from factories import take, task_key
from integration.registry.year import BATCHES, fill, rows_read
from modelops.domain.deployments import Interval
from modelops.domain.job_types import JobType
from modelops.domain.labels import Truth
from modelops.registry.read import catalogue, drift_list
from modelops.registry.write import deployments, jobs, performance, runs, sweeping
from modelops.registry.write.runs import DueInterval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from conftest import Database
    from integration.registry.year import Year
    from modelops.domain.jobs import Attempt

FIVE = timedelta(minutes=5)
PAGE = 51
FEW = 1_000
"""Rows: a page reads some for each of its intervals."""
TRUTH = Truth(name=None, sql="SELECT 1", targets=("late",), type=None)
MOST = 2_000
"""Pages of 8 KiB."""


class Explaining(psycopg.Cursor[Any]):
    """Runs the queries on runs and tells how they were answered, instead of the answer."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
        reads = query.startswith(("WITH", "SELECT run."))
        return super().execute("EXPLAIN (ANALYZE, FORMAT JSON) " * reads + query, params, **how)


@pytest.fixture(scope="module")
def year(copy_of: Callable[[str], AbstractContextManager[Database]], template: str) -> Iterator[Year]:
    with copy_of(template) as database:
        yield fill(database)


def begun(year: Year, deployment: int, interval: Interval | None) -> tuple[int, Attempt]:
    """One more run of a deployment, under way."""
    with year.database.connect() as connection:
        attempt = take(connection, task_key(task_id="predict"), type=JobType.BATCH_PREDICTION)
        with jobs.fenced(connection, attempt):
            found = deployments.find(connection, deployments.DeploymentId(deployment))
            return runs.begin(connection, found, attempt, interval), attempt


def check(row: Mapping[str, Any] | None, *, least: int = 1) -> None:
    assert row is not None
    plan = row["QUERY PLAN"][0]["Plan"]
    read, whole = rows_read(plan)
    assert not {"job", "batch_run"} & set(whole)
    assert least <= read < FEW


def latest() -> datetime:
    return datetime.fromtimestamp(datetime.now(UTC).timestamp() // 300 * 300, UTC)


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=12)], ids=["of now", "of this morning"])
@pytest.mark.parametrize("days", [1, 180, None], ids=["yesterday", "half a year ago", "no interval"])
def test_an_identical_batch_is_looked_for_among_those_since_the_request(
    year: Year, days: int | None, age: timedelta
) -> None:
    start = None if days is None else latest() - timedelta(days=days)
    interval = None if start is None else Interval(start=start, end=start + FIVE)
    run, _ = begun(year, year.whole if interval is None else year.by_interval, interval)
    with year.database.connect() as connection:
        connection.cursor_factory = Explaining
        check(runs.equivalent_run(connection, run, datetime.now(UTC) - age))


@pytest.mark.parametrize("days", [None, 180], ids=["first page", "later page"])
def test_a_page_of_intervals_is_read_by_itself(year: Year, days: int | None) -> None:
    end = latest() - timedelta(days=days or 0)
    due = [DueInterval(start=end - (one + 1) * FIVE, end=end - one * FIVE) for one in range(-10, PAGE)]
    before = None if days is None else (end - FIVE, end)
    for deployment in (year.by_interval, year.whole):
        with year.database.connect("modelops_reader") as connection:
            connection.cursor_factory = Explaining
            [row] = runs.intervals(connection, ["dag"], deployment, due, before=before, limit=PAGE)
        check(row)


def test_all_pages_together_are_the_history(year: Year) -> None:
    """Ten pages of the middle of it, each from where the one before ended."""
    end = latest() - timedelta(days=180)
    before = (end - FIVE, end)
    with year.database.connect("modelops_reader") as connection:
        found = []
        for _ in range(10):
            page = runs.intervals(connection, [], year.by_interval, [], before=before, limit=PAGE)
            found += [(row["start"], row["end"], row["state"]) for row in page]
            before = found[-1][:2]
    assert found == [(end - (n + 1) * FIVE, end - n * FIVE, "done") for n in range(1, 10 * PAGE + 1)]


def test_labels_that_are_due_are_found_by_themselves(year: Year) -> None:
    """Labels of all batches but a few were looked up and are missing, as of flights that were cancelled."""
    with psycopg.connect(year.database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        terms = "UPDATE modelops.deployment SET truth = %s, maturity = '1 day' WHERE id = %s"
        admin.execute(terms, (Jsonb(TRUTH.as_record()), year.by_interval))
        due = """
            UPDATE modelops.batch_run SET labels_due_at = now()
            WHERE id IN (SELECT id FROM modelops.batch_run WHERE deployment_id = %s ORDER BY id LIMIT 3)
        """
        admin.execute(due, (year.by_interval,))
    number = deployments.DeploymentId(year.by_interval)
    with year.database.connect() as connection:
        assert performance.due_deployments(connection, most=10) == [number]
        assert len(performance.due(connection, number, also_missing=False, most=10)) == 3
        assert len(performance.due(connection, number, also_missing=True, most=10)) == 10
        connection.cursor_factory = Explaining
        for also_missing in (False, True):
            check(performance.due(connection, number, also_missing=also_missing, most=10)[0])
        connection.cursor_factory = psycopg.Cursor
        for of in (f"deployment_id = {year.by_interval}", "target = 'predictions.arrival_delay'"):
            newest = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM modelops.newest_performance WHERE {of}"
            check(connection.cursor(row_factory=dict_row).execute(newest).fetchone(), least=0)


@pytest.mark.parametrize("target", ["predictions.arrival_delay", "predictions.other"], ids=["by interval", "whole"])
def test_the_drift_over_time_reads_the_latest_batches(year: Year, target: str) -> None:
    dag_ids = [f"deployment_{number}" for number in range(50)]
    with year.database.connect("modelops_reader") as connection:
        batches, columns, more = drift_list.of_target(connection, dag_ids, target, batches=PAGE, columns=PAGE)
        assert (len(batches), columns, more) == (PAGE, [], True)
        connection.cursor_factory = Explaining
        check(drift_list.QUERIES.execute(connection, "batches", dag_ids=dag_ids, target=target, limit=PAGE).fetchone())


def test_the_page_of_a_deployment_reads_its_latest_batches(year: Year) -> None:
    dag_ids = [f"deployment_{number}" for number in range(50)]
    for deployment in (year.by_interval, year.whole):
        with year.database.connect("modelops_reader") as connection:
            batches = catalogue.published_batches(connection, dag_ids, deployment, limit=PAGE)
            assert len(batches) == PAGE
            published = [batch["published_at"] for batch in batches]
            assert published == sorted(published, reverse=True)
            connection.cursor_factory = Explaining
            check(catalogue.published_batches(connection, dag_ids, deployment, limit=PAGE)[0])


@pytest.mark.parametrize("what", ["an interval", "everything"])
def test_a_publication_looks_at_what_it_takes_the_place_of(year: Year, what: str) -> None:
    start = latest() - timedelta(days=180)
    whole = what == "everything"
    run, attempt = begun(
        year, year.whole if whole else year.by_interval, None if whole else Interval(start=start, end=start + FIVE)
    )
    publish = "UPDATE modelops.batch_run SET rows = 1, set_aside = 0, published_at = now() WHERE id = %s"
    with year.database.connect() as connection, jobs.fenced(connection, attempt):
        cursor = connection.cursor(row_factory=dict_row)
        row = cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {publish}", (run,)).fetchone()
        superseded = "SELECT count(*) FROM modelops.batch_run WHERE superseded_by = %s"
        assert connection.execute(superseded, (run,)).fetchone() == (1,)
    assert row is not None
    [plan] = row["QUERY PLAN"]
    assert sum(plan["Plan"][f"Shared {which} Blocks"] for which in ("Hit", "Read")) < MOST


def test_who_holds_a_target(year: Year) -> None:
    with year.database.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        asked = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM modelops.owners_of_target(%s)"
        row = cursor.execute(asked, ("predictions.arrival_delay",)).fetchone()
        assert row is not None
        [plan] = row["QUERY PLAN"]
        assert plan["Plan"]["Actual Rows"] == 1
        assert sum(plan["Plan"][f"Shared {which} Blocks"] for which in ("Hit", "Read")) < MOST


def test_what_is_to_be_swept_is_found_by_itself(year: Year) -> None:
    """Also where a year of superseded runs was never swept, and where nothing of a year is to be."""
    for target in ("predictions.arrival_delay", "predictions.other"):
        with year.database.connect() as connection:
            connection.cursor_factory = Explaining
            check(sweeping.superseded(connection, target, days=0, most=100)[0], least=0)
            check(sweeping.unpublishable_runs(connection, target, most=100)[0], least=0)


DRIFTED = """
INSERT INTO modelops.drift (job_id, attempt, run_id, role, variable, verdict, reference_rows, rows, bins, most_moved,
  psi, shift, p_value, lower_bound)
SELECT job_id, 1, id, 'feature', 'x', 'major', 1, 1, 1, '[]', 1, 1, 0, 1
FROM modelops.batch_run WHERE deployment_id = %s AND published_at IS NOT NULL
ORDER BY coalesce(upper(covers), published_at) DESC, id DESC LIMIT 5
"""
MEASURED = """
WITH measured AS (
  INSERT INTO modelops.performance (job_id, attempt, run_id, rows, labelled)
  SELECT job_id, 1, id, 1, 1 FROM modelops.batch_run WHERE deployment_id = %s AND published_at IS NOT NULL
  ORDER BY coalesce(upper(covers), published_at) DESC, id DESC LIMIT 5 RETURNING id)
INSERT INTO modelops.performance_metric (performance_id, target, metric, value)
SELECT id, 'late', 'auc', 0.5 FROM measured
"""


def test_the_latest_checks_are_found_by_themselves(year: Year) -> None:
    """Those that an alert rule is judged by, of intervals and of batches without one."""
    with psycopg.connect(year.database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        for deployment in (year.by_interval, year.whole):
            admin.execute(DRIFTED, (deployment,))
            admin.execute(MEASURED, (deployment,))
        admin.execute("UPDATE modelops.batch_run SET measured_at = now() WHERE deployment_id = %s", (year.by_interval,))
    with psycopg.connect(year.database.admin_url, autocommit=True) as admin:
        admin.execute(
            "VACUUM ANALYZE modelops.batch_run, modelops.drift, modelops.performance, modelops.performance_metric"
        )
    asked = [f"newest_checks({number}, 'feature', 'x', 3)" for number in (year.by_interval, year.whole)]
    asked.append("newest_measurements('predictions.arrival_delay', 'late', 'auc', 3)")
    with year.database.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        for function in asked:
            found = cursor.execute(f"SELECT run_id, place FROM modelops.{function}").fetchall()
            assert [row["place"] for row in found] == [1, 2, 3]
            assert sorted((row["run_id"] for row in found), reverse=True) == [row["run_id"] for row in found]
            query = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM modelops.{function}"
            row = cursor.execute(query).fetchone()
            assert row is not None
            [plan] = row["QUERY PLAN"]
            blocks = sum(plan["Plan"][f"Shared {which} Blocks"] for which in ("Hit", "Read"))
            assert blocks < BATCHES // 3, "a look at each batch takes more than a block"
