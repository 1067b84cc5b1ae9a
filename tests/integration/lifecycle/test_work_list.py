"""A deployment that follows a feature table makes what was published, whatever wakes it up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

import factories
from factories import task_key
from integration.lifecycle.features import life as features
from integration.lifecycle.features.test_sql_task import INCREMENTAL
from integration.lifecycle.life import attempt_at
from modelops.domain.deployments import Interval
from modelops.domain.job_types import JobType
from modelops.domain.parts import Part
from modelops.domain.requests import ScheduleRequest
from modelops.domain.schedules import Plan, Schedule
from modelops.registry.write import deployments, jobs, runs, work_list
from modelops.registry.write.runs import DueInterval
from modelops.registry.write.work_list import joined
from modelops.stages.schedule import change_schedule

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from modelops.domain.deployments import Deployment
    from modelops.domain.jobs import Attempt
    from workplace import Workplace

FIRST = datetime(2013, 8, 1, tzinfo=UTC)
AFTER = Plan(schedule=Schedule(text="after features.doubled"))
BY_INTERVAL = {"name": None, "sql": "SELECT 1 AS id WHERE current_setting('modelops.interval_start') <> ''"}


def day(number: int, days: int = 1) -> tuple[datetime, datetime]:
    return FIRST + timedelta(days=number), FIRST + timedelta(days=number + days)


def begun(workplace: Workplace, deployment: Deployment, ends: Any, part: Part | None = None, **values: Any) -> Any:
    attempt = attempt_at(workplace, JobType.BATCH_PREDICTION, **values)
    interval = None if ends is None else Interval(start=ends[0], end=ends[1])
    with jobs.fenced(workplace.connection, attempt):
        return attempt, runs.begin(workplace.connection, deployment, attempt, interval, part)


def publish(workplace: Workplace, attempt: Attempt, run: int) -> None:
    with jobs.fenced(workplace.connection, attempt):
        runs.publish(workplace.connection, run, rows=1, set_aside=0)
        jobs.complete(workplace.connection, attempt, {"run": run})


def scored(workplace: Workplace, deployment: Deployment, ends: Any) -> None:
    publish(workplace, *begun(workplace, deployment, ends))


@pytest.fixture
def table(workplace: Workplace, repository: Path) -> int:
    """A deployment that makes features.doubled, one day before anybody follows it."""
    factories.doubled_folder(repository, sql=INCREMENTAL, incremental="at", rows={"min": 0})
    number: int = features.deployed(workplace)["deployment"]
    made(workplace, number, day(0))
    return number


def made(workplace: Workplace, table: int, *days: tuple[datetime, datetime] | None) -> None:
    for ends in days:
        given = {} if ends is None else dict(zip(("interval_start", "interval_end"), map(str, ends), strict=True))
        features.made(workplace, table, **given)


@pytest.fixture
def model(workplace: Workplace, table: int) -> Deployment:
    return factories.deployed(workplace.connection, dataset=BY_INTERVAL, plan=AFTER)


def left(workplace: Workplace, deployment: Deployment) -> list[tuple[datetime, datetime]]:
    return work_list.pending_intervals(workplace.connection, deployment.id)


def states(workplace: Workplace, deployment: Deployment) -> list[tuple[datetime, str]]:
    due = work_list.due(workplace.connection, deployment.id, before=None, limit=50)
    asked = [DueInterval(**one) for one in due]
    rows = runs.intervals(workplace.connection, ["model_lifecycle"], deployment.id, asked, before=None, limit=50)
    return [(row["start"], row["state"]) for row in rows]


def test_what_was_published_is_left_until_it_is_made(workplace: Workplace, table: int, model: Deployment) -> None:
    """Wake-ups may come or not: the list is what was published, each interval on its own."""
    assert left(workplace, model) == []
    made(workplace, table, day(1), day(2), day(4))
    assert left(workplace, model) == [day(1), day(2), day(4)]
    assert states(workplace, model) == [(day(number)[0], "missing") for number in (4, 2, 1)]
    scored(workplace, model, day(2))
    failing, _ = begun(workplace, model, day(4))
    begun(workplace, model, day(1))
    jobs.give_up(workplace.connection, failing, error="it broke", again=False)
    assert left(workplace, model) == [day(1), day(4)]
    assert [state for _, state in states(workplace, model)] == ["failed", "done", "running"]
    scored(workplace, model, day(4))
    scored(workplace, model, day(1))
    assert left(workplace, model) == []
    assert {state for _, state in states(workplace, model)} == {"done"}


def test_intervals_that_always_fail_do_not_starve_others(workplace: Workplace, table: int, model: Deployment) -> None:
    made(workplace, table, day(1), day(2), day(3))

    def chosen(most: int) -> list[tuple[datetime, datetime]]:
        return work_list.least_tried(workplace.connection, model.id, left(workplace, model), most)

    assert chosen(2) == [day(1), day(2)]
    for number in (1, 2):
        failing, _ = begun(workplace, model, day(number))
        jobs.give_up(workplace.connection, failing, error="it broke", again=False)
    assert chosen(2) == [day(1), day(3)]
    failing, _ = begun(workplace, model, day(1))
    jobs.give_up(workplace.connection, failing, error="it broke", again=False)
    assert chosen(2) == [day(2), day(3)]


def test_a_clock_that_was_set_back_hides_nothing(
    workplace: Workplace, table: int, model: Deployment, database: Database
) -> None:
    made(workplace, table, day(1))
    scored(workplace, model, day(1))
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "UPDATE modelops.batch_run SET published_at = published_at + interval '1 year' WHERE lower(covers) = %s",
            (day(1)[0],),
        )
    work_list.note_progress(workplace.connection, model.id)
    made(workplace, table, day(2))
    work_list.note_progress(workplace.connection, model.id)
    assert left(workplace, model) == [day(2)]


def test_progress_is_of_one_table(workplace: Workplace, table: int, model: Deployment, database: Database) -> None:
    """A deployment that follows another table now isn't told by the times of the first one."""
    made(workplace, table, day(1))
    scored(workplace, model, day(1))
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.batch_run SET published_at = published_at + interval '1 year'")
        work_list.note_progress(workplace.connection, model.id)
        admin.execute("UPDATE modelops.work_list_progress SET follows = 'features.other', processed_until = 'infinity'")
    made(workplace, table, day(2))
    assert day(2) in left(workplace, model)


def test_what_is_published_again_is_made_again(workplace: Workplace, table: int, model: Deployment) -> None:
    made(workplace, table, day(1))
    scored(workplace, model, day(1))
    made(workplace, table, day(1))
    assert left(workplace, model) == [day(1)]
    assert [state for _, state in states(workplace, model)] == ["missing"]
    scored(workplace, model, day(1))
    assert left(workplace, model) == []


def test_what_is_published_while_a_batch_reads_is_left(workplace: Workplace, table: int, model: Deployment) -> None:
    """Its features may not have been there yet."""
    attempt, run = begun(workplace, model, day(1))
    made(workplace, table, day(1))
    publish(workplace, attempt, run)
    assert left(workplace, model) == [day(1)]


def test_a_batch_sees_only_what_is_committed(workplace: Workplace, table: int, model: Deployment) -> None:
    """The publication has its time before the batch begins, and is there after it has read."""
    feature = attempt_at(workplace, JobType.FEATURE_BATCH)
    source = deployments.find(workplace.connection, table)
    with workplace.connect() as other:
        with jobs.fenced(workplace.connection, feature):
            made_by = runs.begin(workplace.connection, source, feature, Interval(start=day(1)[0], end=day(1)[1]))
        with jobs.fenced(other, feature):
            runs.publish(other, made_by, rows=0, set_aside=0)
            attempt, run = begun(workplace, model, day(1))
        publish(workplace, attempt, run)
    assert left(workplace, model) == [day(1)]


def test_a_batch_in_parts_has_seen_what_all_parts_have(workplace: Workplace, table: int) -> None:
    model = factories.deployed(workplace.connection, dataset=BY_INTERVAL, plan=AFTER, parts=2)

    def batch(then: Any = lambda: None) -> None:
        run_id = task_key().run_id
        for number in range(2):
            key = task_key(run_id=run_id, task_id="predict", map_index=number)
            attempt, part = begun(workplace, model, day(1), Part(number=number, of=2), key=key)
            with jobs.fenced(workplace.connection, attempt):
                runs.stage(workplace.connection, part, rows=1, set_aside=0)
                jobs.complete(workplace.connection, attempt, {"run": part})
            then()
        attempt = attempt_at(workplace, JobType.BATCH_PREDICTION, key=task_key(run_id=run_id, task_id="publish"))
        with jobs.fenced(workplace.connection, attempt):
            interval = Interval(start=day(1)[0], end=day(1)[1])
            whole = runs.begin(workplace.connection, model, attempt, interval, reads=False)
            parts = runs.parts_of(workplace.connection, whole, attempt.key.dag_id, run_id)
            runs.take_parts(workplace.connection, whole, [part["id"] for part in parts])
            runs.publish(workplace.connection, whole, rows=2, set_aside=0)
            jobs.complete(workplace.connection, attempt, {"run": whole})

    made(workplace, table, day(1))
    batch(lambda: made(workplace, table, day(1)))
    assert left(workplace, model) == [day(1)]
    batch()
    assert left(workplace, model) == []


def test_a_longer_one_that_readers_see_is_made_anew_as_a_whole(
    workplace: Workplace, table: int, model: Deployment
) -> None:
    scored(workplace, model, day(1, days=2))
    made(workplace, table, day(2), day(3))
    assert left(workplace, model) == [day(1, days=2), day(3)]
    scored(workplace, model, day(1, days=2))
    scored(workplace, model, day(3))
    assert left(workplace, model) == []


def test_a_table_that_is_made_whole_leaves_what_was_left(workplace: Workplace, table: int, model: Deployment) -> None:
    made(workplace, table, day(1), None)
    assert left(workplace, model) == [day(1)]
    scored(workplace, model, day(1))
    assert left(workplace, model) == []


def test_one_that_replaces_it_goes_on(workplace: Workplace, table: int, model: Deployment) -> None:
    made(workplace, table, day(1), day(2))
    scored(workplace, model, day(1))
    newer = factories.deployed(workplace.connection, dataset=BY_INTERVAL, plan=AFTER)
    assert left(workplace, newer) == [day(2)]
    change_schedule(ScheduleRequest(deployment=newer.id, paused=True), workplace.job(JobType.SCHEDULE_CHANGE))
    assert left(workplace, newer) == []


def test_one_that_scores_everything_does_it_once(workplace: Workplace, table: int) -> None:
    model = factories.deployed(workplace.connection, plan=AFTER)
    made(workplace, table, day(1), day(2))
    assert work_list.is_anything_pending(workplace.connection, model.id)
    scored(workplace, model, None)
    assert not work_list.is_anything_pending(workplace.connection, model.id)


def test_the_second_of_a_chain(workplace: Workplace, table: int, model: Deployment, repository: Path) -> None:
    factories.doubled_folder(repository, "third", sql=INCREMENTAL, incremental="at", output="third", rows={"min": 0})
    version = features.approved(workplace, "here/third")
    third = features.put_into_production(workplace, version, "here/third", schedule="after features.doubled")
    number = third["deployment"]
    made(workplace, table, day(1), day(2))
    assert work_list.pending_intervals(workplace.connection, number) == [day(1), day(2)]
    change_schedule(
        ScheduleRequest(deployment=model.id, schedule="after features.third"),
        workplace.job(JobType.SCHEDULE_CHANGE),
    )
    made(workplace, number, day(1))
    assert work_list.pending_intervals(workplace.connection, number) == [day(2)]
    assert left(workplace, model) == [day(1)]


@pytest.mark.parametrize(
    ("pending", "shown", "whole"),
    [
        ([(1, 2), (2, 3)], [], [(1, 2), (2, 3)]),
        ([(1, 3), (2, 4)], [], [(1, 4)]),
        ([(2, 3)], [(1, 4), (5, 6)], [(1, 4)]),
        ([(1, 3)], [(0, 2), (2, 5), (5, 6)], [(0, 5)]),
        ([], [(1, 2)], []),
    ],
)
def test_only_what_overlaps_is_joined(pending: Any, shown: Any, whole: Any) -> None:
    def ends(pairs: Any) -> list[tuple[datetime, datetime]]:
        return [(day(first)[0], day(last)[0]) for first, last in pairs]

    assert joined(ends(pending), ends(shown)) == ends(whole)
