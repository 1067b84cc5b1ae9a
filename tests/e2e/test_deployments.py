"""Deployments that run themselves, on a real Airflow: by the clock, now, and for what is past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from e2e.models import NAP
from e2e.system import FEATURE_RETIREMENT, LATE_TOLD, SCHEDULE
from e2e.waiting import HUNG_AFTER, eventually
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future

    from e2e.demonstration import Demonstration
    from e2e.system import System

JOBS = """
SELECT run_id, status::text, type::text, requested_by, result, error FROM modelops.job
WHERE dag_id = %(dag_id)s AND run_id LIKE %(like)s ORDER BY created_at
"""
DAY = timedelta(days=1)
FEATURES = "SELECT count(*), md5(string_agg(md5(it::text), '' ORDER BY flight_id)) FROM (SELECT {} FROM {}) AS it"
COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = 'features.flight_features'::regclass AND attnum > 0
  AND attname NOT IN ('task_version', 'job_id', 'published_at')
"""
TWO_WEEKS = "features.flight_features WHERE time_hour >= '2013-01-01T05:00Z' AND time_hour < '2013-01-15T05:00Z'"
"""Midnight to midnight in New York."""


@pytest.fixture(scope="module")
def deployment(flights: Future[Demonstration]) -> int:
    """Of a task that makes a row for every ten seconds, every minute."""
    number: int = flights.result(timeout=HUNG_AFTER).ticking.result("deploy")["deployment"]
    return number


@pytest.fixture(scope="module")
def dag_id(system: System, deployment: int) -> str:
    """That of the deployment, which Airflow finds by itself."""
    dag_id = f"deployment_{deployment}"
    look = lambda: system.clients["trainer"].get(f"/api/v2/dags/{dag_id}").is_success  # noqa: E731
    eventually("the deployment has its DAG", look, story=lambda: system.tails("dag-processor"))
    return dag_id


def jobs(system: System, dag_id: str, like: str, *, number: int) -> Sequence[Mapping[str, Any]]:
    """The DAG's jobs in runs of this name, once so many have completed."""

    def look() -> Any:
        found = system.rows(JOBS, dag_id=dag_id, like=like)
        failed = [job for job in found if job["status"] == JobStatus.FAILED]
        assert not failed, failed
        done = [job for job in found if job["status"] == JobStatus.COMPLETED]
        return done if len(done) >= number else None

    story = lambda: system.tails("scheduler", "dag-processor")  # noqa: E731
    done: Sequence[Mapping[str, Any]] = eventually(f"{number} runs {like} are done", look, story=story)
    return done


def intervals(done: Sequence[Mapping[str, Any]]) -> list[tuple[datetime, datetime]]:
    ends = [[datetime.fromisoformat(end) for end in job["result"]["interval"]] for job in done]
    return sorted((start, end) for start, end in ends)


def backfill(system: System, dag_id: str, start: str, end: str) -> None:
    body = {"dag_id": dag_id, "from_date": start, "to_date": end, "max_active_runs": 3}
    answer = system.post("backfills", body)
    assert answer.is_success, answer.text


def test_it_runs_by_the_clock(system: System, deployment: int, dag_id: str) -> None:
    details = system.get(f"dags/{dag_id}/details")
    assert details["dag_display_name"] == "here/ticking v1 → features.ticking"
    assert {tag["name"] for tag in details["tags"]} == {"modelops", "deployment", "here/ticking"}
    assert details["owners"] == ["trainer"]
    done = jobs(system, dag_id, "scheduled__%", number=2)
    assert {(job["type"], job["requested_by"]) for job in done} == {(JobType.FEATURE_BATCH, "trainer")}
    [(first, middle), (second, last), *_] = intervals(done)
    assert (middle, second) == (first + timedelta(minutes=1),) * 2
    assert last == second + timedelta(minutes=1)
    [began] = system.rows("SELECT started_at FROM modelops.deployment WHERE id = %(id)s", id=deployment)
    assert first <= began["started_at"] < middle
    assert [job["result"]["rows"] for job in done[:2]] == [6, 6]


def test_its_schedule_is_changed(system: System, deployment: int, dag_id: str) -> None:
    wrong = system.run(SCHEDULE, name="wrong", deployment=deployment, schedule="0 25 * * *")
    asked = {"schedule": "0 3 * * *", "time_zone": "Europe/Paris"}
    change = system.run(SCHEDULE, name="changed", deployment=deployment, **asked, late_after=0.05)
    result = change.result("change")
    before = {"schedule": "* * * * *", "time_zone": "UTC", "paused": False, "late_after": None}
    assert (result["before"], result["after"]) == (before, {**before, **asked, "late_after": 0.05})
    assert change.job("change").subject == f"here/ticking v1 (deployment {deployment})"
    look = lambda: system.get(f"dags/{dag_id}/details")["timetable_summary"] == "0 3 * * *"  # noqa: E731
    system.parsed("Airflow knows the new schedule", look)
    told = datetime.fromisoformat(result["upcoming"][0])
    look = lambda: datetime.fromisoformat(system.get(f"dags/{dag_id}")["next_dagrun_run_after"]) == told  # noqa: E731
    system.parsed("Airflow runs it next when the job says", look)
    refused = wrong.await_status(JobStatus.FAILED, task="change")
    assert "'0 25 * * *' names no times" in str(refused.error)


def test_it_runs_now(system: System, dag_id: str) -> None:
    minute = {"interval_start": "2013-01-01T00:00:00Z", "interval_end": "2013-01-01T00:01:00Z"}
    given = system.run(dag_id, name="given", **minute)
    last = system.run(dag_id, name="last")
    future = system.run(dag_id, name="future", **minute | {"interval_end": "2999-01-01T00:00:00Z"})
    assert given.result("execute")["interval"] == ["2013-01-01T00:00:00+00:00", "2013-01-01T00:01:00+00:00"]
    start, end = map(datetime.fromisoformat, last.result("execute")["interval"])
    assert end - start in {DAY, DAY - timedelta(hours=1), DAY + timedelta(hours=1)}
    assert timedelta(0) <= datetime.now(UTC) - end < DAY + timedelta(hours=1)
    refused = future.await_status(JobStatus.FAILED, task="execute")
    assert "which is in the future" in str(refused.error)


def test_one_that_is_late_is_told_of(system: System, dag_id: str) -> None:
    """Later than the three seconds that the change of the schedule has set."""
    run = system.run(dag_id, name="late", **NAP)
    known = lambda: [told for told in system.told(LATE_TOLD) if told["run_id"] == run.run_id]  # noqa: E731
    [told] = eventually("somebody is told", known, story=lambda: system.tails("triggerer", "scheduler"))
    assert told["deployment"] == "here/ticking v1 → features.ticking"
    assert told["after"] == "0:00:03"
    assert told["link"].endswith(f"/dags/{dag_id}/runs/{run.run_id}")
    assert run.result("execute")["rows"] == 6
    [late] = [event for event in run.events("execute") if event["detail"].get("step") == "late"]
    assert (late["actor"], late["detail"]["after"]) == ("airflow", "0:00:03")


def test_a_run_by_hand_for_a_date_before_the_deployment_does_something(system: System, dag_id: str) -> None:
    body = {"logical_date": "2013-03-05T12:00:00Z", "dag_run_id": f"by-hand-{system.session}"}
    assert system.post(f"dags/{dag_id}/dagRuns", body).is_success
    done = jobs(system, dag_id, "by-hand-%", number=1)
    assert intervals(done) == [(datetime(2013, 3, 4, 2, tzinfo=UTC), datetime(2013, 3, 5, 2, tzinfo=UTC))]


def test_what_is_past_is_made_by_airflows_backfill(system: System, dag_id: str) -> None:
    backfill(system, dag_id, "2013-02-01T02:00:00Z", "2013-02-03T02:00:00Z")
    done = jobs(system, dag_id, "backfill__%", number=3)
    days = [datetime(2013, 2, day, 2, tzinfo=UTC) for day in (1, 2, 3)]
    assert intervals(done) == [(day, day + DAY) for day in days]
    assert [job["result"]["rows"] for job in done] == [8640] * 3


def test_two_weeks_by_backfill_are_the_same_rows_as_made_at_once(
    system: System, flights: Future[Demonstration]
) -> None:
    with system.connect() as connection:
        [(columns,)] = connection.execute(COLUMNS).fetchall()
        query = FEATURES.format(columns, TWO_WEEKS).encode()
        whole = connection.execute(query).fetchall()
        number = flights.result().batch.result("execute")["deployment"]
        backfill(system, f"deployment_{number}", "2013-01-01T05:00:00Z", "2013-01-14T05:00:00Z")
        done = jobs(system, f"deployment_{number}", "backfill__%", number=14)
        assert connection.execute(query).fetchall() == whole
        made_by = f"SELECT count(DISTINCT job_id) FROM {TWO_WEEKS}"
        assert connection.execute(made_by.encode()).fetchall() == [(14,)]
    assert sum(job["result"]["rows"] for job in done) == whole[0][0]


def test_a_batch_in_parts_is_seen_at_once(system: System, flights: Future[Demonstration]) -> None:
    number = flights.result().parted.result("deploy")["deployment"]
    refused = system.ask("model_deployment", model="here/scored", parts=1000)
    assert refused.status_code == httpx.codes.BAD_REQUEST
    assert "1000 is greater than the maximum of 64" in refused.text
    run = system.run(f"deployment_{number}", name="parts")
    result = run.result("publish")
    assert (result["rows"], result["parts"]) == (100, 3)
    checked = run.result("check_drift")
    assert (checked["run"], checked["rows"], checked["compared"]) == (result["run"], 100, 4)
    parts = (
        "SELECT map_index, (result->>'rows')::int AS rows FROM modelops.job"
        " WHERE run_id = %(run_id)s AND map_index >= 0"
    )
    scored = {row["map_index"]: row["rows"] for row in system.rows(parts, run_id=run.run_id)}
    assert (set(scored), sum(scored.values())) == ({0, 1, 2}, 100)
    seen = "SELECT count(*) AS rows, count(DISTINCT id) AS keys, min(job_id) AS job FROM predictions.e2e_parted"
    assert system.rows(seen) == [{"rows": 100, "keys": 100, "job": run.job("publish").id}]


def test_it_runs_after_a_feature_table(system: System, flights: Future[Demonstration], dag_id: str) -> None:
    number = flights.result().parted.result("deploy")["deployment"]
    nobodys = system.run(SCHEDULE, name="nobodys", deployment=number, schedule="after features.nobodys")
    system.run(SCHEDULE, name="after", deployment=number, schedule="after features.ticking").result("change")
    look = lambda: system.get(f"dags/deployment_{number}/details")["asset_expression"]  # noqa: E731
    system.parsed("it waits for the table", look)
    minute = {"interval_start": "2013-01-01T00:00:00Z", "interval_end": "2013-01-01T00:01:00Z"}
    system.run(dag_id, name="followed", **minute).result("execute")
    done = jobs(system, f"deployment_{number}", "asset_triggered__%", number=5)
    assert {job["requested_by"] for job in done} == {"trainer"}
    assert [job["result"]["rows"] for job in done if "view" in job["result"] and "parts" in job["result"]] == [100]
    assert [job["result"]["rows"] for job in done if job["type"] == JobType.DRIFT_CHECK] == [100]
    refused = nobodys.await_status(JobStatus.FAILED, task="change")
    assert "no deployment makes the feature table features.nobodys" in str(refused.error)
    assert "after features." in str(refused.error)


def test_retired_it_runs_no_more(system: System, deployment: int, dag_id: str) -> None:
    system.run(FEATURE_RETIREMENT, name="ticked", deployment=deployment).result("retire")
    look = lambda: system.get(f"dags/{dag_id}/details")["timetable_summary"] in {None, "None"}  # noqa: E731
    system.parsed("Airflow starts it no more", look)
    late = system.run(dag_id, name="late").await_status(JobStatus.FAILED, task="execute")
    assert f"deployment {deployment} was retired at" in str(late.error)
    changes = "SELECT schedule, set_by FROM modelops.schedule WHERE deployment_id = %(id)s ORDER BY id"
    told = [(row["schedule"], row["set_by"]) for row in system.rows(changes, id=deployment)]
    assert told == [("* * * * *", "trainer"), ("0 3 * * *", "trainer")]
