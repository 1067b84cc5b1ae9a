"""The runs and intervals of schedules, computed by the code that Airflow's scheduler runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pendulum
import pytest

from modelops.airflow.timetables import due, interval_for, plan
from modelops.domain.deployments import DeploymentDagSpec
from modelops.domain.errors import ScheduleError
from modelops.domain.schedules import Schedule
from modelops.domain.versions import VersionKind
from modelops.operators.deployment_dags import deployment_dag

if TYPE_CHECKING:
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.timetables.base import DagRunInfo

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 20, 12, tzinfo=PARIS)


def deployed(schedule: Schedule, *, at: datetime = NOON, **changed: Any) -> DeploymentDagSpec:
    values: dict[str, Any] = {
        "id": 7,
        "kind": VersionKind.MODEL,
        "model": "demo/delay",
        "version": 3,
        "target": "predictions.delay",
        "job_id": 11,
        "started_at": at,
        "ended": False,
        "approver": "grace",
        "decided_at": at,
        "approval_job_id": 10,
        "incremental": True,
        "parts": 1,
        "check_drift": True,
        "schedule": schedule,
        "starts_at": plan(schedule, at).starts_at,
        "set_by": "ada",
        "set_at": at,
    }
    return DeploymentDagSpec(**values | changed)


# Airflow's own, when it looks for plugins.
pytestmark = pytest.mark.filterwarnings("ignore:GitWildMatchPattern")


CLOCKS = (
    "modelops.airflow.timetables._now",
    "airflow.timetables.interval.utcnow",
    "airflow._shared.timezones.timezone.utcnow",
)


class Scheduler:
    """Airflow's scheduler, as far as it decides when a DAG runs; its clock stands where the test puts it.

    It goes on from the run with the latest logical date, and makes no second one of the same logical date.
    """

    def __init__(self, dag: SerializedDAG, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dag, self.monkeypatch = dag, monkeypatch
        self.dated: dict[datetime, DagRunInfo] = {}
        self.runs: list[tuple[datetime, datetime, datetime]] = []

    def look(self, now: datetime) -> None:
        """Start what is due, one run after the other, as the scheduler does in its rounds."""
        for clock in CLOCKS:
            self.monkeypatch.setattr(clock, lambda: pendulum.instance(now))
        while True:
            last = self.dated[max(self.dated)] if self.dated else None
            due = self.dag.next_dagrun_info(last_automated_run_info=last)
            if due is None or due.run_after > now:
                return
            assert due.data_interval is not None
            assert due.logical_date is not None
            assert due.logical_date not in self.dated, "run already exists"
            self.runs.append((due.run_after, due.data_interval.start, due.data_interval.end))
            self.dated[due.logical_date] = due


@pytest.fixture
def scheduled(monkeypatch: pytest.MonkeyPatch) -> Any:
    from airflow.serialization.serialized_objects import DagSerialization

    def make(one: DeploymentDagSpec) -> Scheduler:
        return Scheduler(DagSerialization.from_dict(DagSerialization.to_dict(deployment_dag(one))), monkeypatch)

    return make


def test_a_deployment_made_at_noon_runs_at_three_and_not_at_once(scheduled: Any) -> None:
    scheduler = scheduled(deployed(Schedule(text="0 3 * * *", time_zone="Europe/Paris")))
    scheduler.look(NOON + timedelta(seconds=1))
    scheduler.look(NOON + timedelta(hours=14, minutes=59))
    assert scheduler.runs == []
    scheduler.look(NOON + timedelta(hours=15))
    three = datetime(2026, 3, 21, 3, tzinfo=PARIS)
    assert scheduler.runs == [(three, three - timedelta(days=1), three)]


@pytest.mark.parametrize("text", ["0 3 * * *", "30 2 * * *", "@daily"])
@pytest.mark.parametrize("year_day", [date(2026, 3, 20), date(2026, 10, 16)])
def test_nothing_is_skipped_or_doubled_when_clocks_change(scheduled: Any, text: str, year_day: date) -> None:
    noon = datetime(year_day.year, year_day.month, year_day.day, 12, tzinfo=PARIS)
    schedule = Schedule(text=text, time_zone="Europe/Paris")
    scheduler = scheduled(deployed(schedule, at=noon))
    for half_hour in range(14 * 24 * 2):
        scheduler.look((noon.astimezone(UTC) + timedelta(minutes=30 * half_hour)).astimezone(PARIS))
    days = [run_after.astimezone(PARIS).date() for run_after, _, _ in scheduler.runs]
    assert days == [year_day + timedelta(days=1 + number) for number in range(14)]
    ends = [end for _, _, end in scheduler.runs]
    starts = [start for _, start, _ in scheduler.runs]
    assert starts[1:] == ends[:-1]
    assert starts[0] == plan(schedule, noon).starts_at
    hours = {(end - start).total_seconds() / 3600 for _, start, end in scheduler.runs}
    assert hours == {24, 23 if year_day.month == 3 else 25}


def test_a_backfill_may_be_of_what_was_before_the_deployment(scheduled: Any) -> None:
    dag = scheduled(deployed(Schedule(text="@daily", time_zone="Europe/Paris"))).dag
    days = [datetime(2013, 3, day, tzinfo=PARIS) for day in (30, 31)]
    found = list(dag.iter_dagrun_infos_between(*map(pendulum.instance, days)))
    assert [info.data_interval.start for info in found] == days


def test_after_a_stop_of_the_scheduler_the_newest_interval_is_run(scheduled: Any) -> None:
    scheduler = scheduled(deployed(Schedule(text="@daily", time_zone="UTC")))
    scheduler.look(NOON + timedelta(days=3))
    assert [run_after.day for run_after, _, _ in scheduler.runs] == [23]


def test_once_is_at_once_and_once(scheduled: Any) -> None:
    scheduler = scheduled(deployed(Schedule(text="once")))
    for hours in range(50):
        scheduler.look(NOON + timedelta(hours=hours, seconds=4))
    assert [run_after for run_after, _, _ in scheduler.runs] == [NOON]


def test_once_after_a_schedule_of_the_clock(scheduled: Any) -> None:
    """The same DAG goes on, and its earlier runs don't count for the new schedule."""
    before = scheduled(deployed(Schedule(text="@hourly")))
    before.look(NOON + timedelta(hours=2))
    changed = scheduled(deployed(Schedule(text="once"), at=NOON + timedelta(hours=2, minutes=30)))
    changed.dated = dict(before.dated)
    changed.look(NOON + timedelta(hours=3))
    assert [run_after for run_after, _, _ in changed.runs] == [NOON + timedelta(hours=2, minutes=30)]


def test_a_change_of_the_schedule_counts_from_then_on(scheduled: Any) -> None:
    before = scheduled(deployed(Schedule(text="@daily", time_zone="Europe/Paris")))
    before.look(NOON + timedelta(days=1))
    changed = scheduled(deployed(Schedule(text="@hourly", time_zone="Europe/Paris"), at=NOON + timedelta(days=2)))
    changed.dated = dict(before.dated)
    changed.look(NOON + timedelta(days=2, minutes=1))
    assert changed.runs == []
    changed.look(NOON + timedelta(days=2, hours=1))
    assert len(changed.runs) == 1


@pytest.mark.parametrize(
    ("before", "after", "first"),
    [
        ("*/2 * * * *", "0 3 * * *", datetime(2026, 3, 22, 3, tzinfo=PARIS)),
        ("*/2 * * * *", "0 0 1 * *", datetime(2026, 4, 1, tzinfo=PARIS)),
        ("@hourly", "@daily", datetime(2026, 3, 22, tzinfo=PARIS)),
        ("0 3 * * *", "*/2 * * * *", datetime(2026, 3, 21, 12, 2, tzinfo=PARIS)),
        ("30 4 * * *", "0 3 * * *", datetime(2026, 3, 22, 3, tzinfo=PARIS)),
        ("0 0 1 * *", "@weekly", datetime(2026, 3, 22, tzinfo=PARIS)),
    ],
)
def test_the_first_run_after_a_change_is_at_the_tick_that_was_told(
    scheduled: Any, before: str, after: str, first: datetime
) -> None:
    """Whatever runs the earlier schedules have left, of which one may have the same start."""
    earlier = scheduled(deployed(Schedule(text=before, time_zone="Europe/Paris"), at=NOON - timedelta(days=1)))
    for hour in range(48):
        earlier.look(NOON + timedelta(hours=hour - 24, seconds=1))
        earlier.look(NOON + timedelta(hours=hour - 24, minutes=2))
    at = NOON + timedelta(days=1, seconds=30)
    schedule = Schedule(text=after, time_zone="Europe/Paris")
    told = plan(schedule, at)
    assert told.upcoming[0] == first
    changed = scheduled(deployed(schedule, at=at))
    changed.dated = dict(earlier.dated)
    for tick in told.upcoming[:3]:
        changed.look(tick - timedelta(seconds=1))
        changed.look(tick)
    assert [run_after for run_after, _, _ in changed.runs] == list(told.upcoming[:3])
    assert changed.runs[0][1] == told.starts_at


def test_a_backfill_knows_the_first_interval_by_the_same_logical_date(scheduled: Any) -> None:
    scheduler = scheduled(deployed(Schedule(text="@daily", time_zone="Europe/Paris")))
    scheduler.look(NOON + timedelta(days=1))
    scheduler.look(NOON + timedelta(days=2))
    days = [pendulum.datetime(2026, 3, day, tz=PARIS) for day in (20, 21)]
    found = [info.logical_date for info in scheduler.dag.iter_dagrun_infos_between(*days)]
    assert found == list(scheduler.dated)
    assert found[0] == NOON


def test_what_airflow_puts_down_is_the_run_that_it_makes(scheduled: Any) -> None:
    scheduler = scheduled(deployed(Schedule(text="@daily", time_zone="Europe/Paris")))
    scheduler.look(NOON)
    dag = scheduler.dag
    info = dag.next_dagrun_info(last_automated_run_info=None)
    noted = SimpleNamespace(
        next_dagrun=info.logical_date,
        next_dagrun_create_after=info.run_after,
        next_dagrun_data_interval=info.data_interval,
        next_dagrun_partition_key=None,
        next_dagrun_partition_date=None,
    )
    assert dag.timetable.next_run_info_from_dag_model(dag_model=noted).logical_date == info.logical_date == NOON


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(text="@hourly", paused=True)])
def test_what_nothing_starts(scheduled: Any, schedule: Schedule) -> None:
    scheduler = scheduled(deployed(schedule))
    scheduler.look(NOON + timedelta(days=100))
    assert scheduler.runs == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("61 * * * *", "'61 * * * *' names no times"),
        ("a b c d e", "'a b c d e' names no times"),
        ("0 0 30 2 *", "'0 0 30 2 *' names no times"),
    ],
)
def test_what_names_no_times(text: str, said: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        plan(Schedule.parse(text, "UTC"), NOON)
    assert said in str(caught.value)
    assert "one of @hourly" in str(caught.value)


def test_the_next_five_times_are_told_in_their_own_zone() -> None:
    told = plan(Schedule(text="0 3 * * *", time_zone="Europe/Paris"), datetime(2026, 3, 27, 23, tzinfo=UTC)).summary()
    assert told == (
        "0 3 * * * (Europe/Paris); next: Sat 28 Mar 2026 03:00, Sun 29 Mar 2026 03:00, Mon 30 Mar 2026 03:00,"
        " Tue 31 Mar 2026 03:00, Wed 01 Apr 2026 03:00"
    )
    assert plan(Schedule(), NOON).summary() == "manual"


def asked(**of_run: Any) -> Any:
    run = {"data_interval_start": None, "data_interval_end": None, "run_after": NOON} | of_run
    return {"dag_run": SimpleNamespace(**run)}


def test_which_interval_a_run_is_for() -> None:
    daily = Schedule(text="@daily", time_zone="Europe/Paris")
    midnight = datetime(2026, 3, 20, tzinfo=PARIS)
    scheduled = asked(data_interval_start=midnight, data_interval_end=NOON)
    for present in (daily, Schedule(), Schedule(text="after features.delays")):
        assert interval_for(scheduled, present) == (midnight.isoformat(), NOON.isoformat())
    now = [datetime.fromisoformat(str(end)) for end in interval_for(asked(), daily)]
    assert now == [midnight - timedelta(days=1), midnight]
    assert interval_for(asked(data_interval_start=NOON, data_interval_end=NOON), Schedule()) == (None, None)


def test_the_interval_of_the_day_on_which_a_tick_is_left_out() -> None:
    """On 29 March 2026 there is no half past two in Paris; the tick is an hour later."""
    schedule = Schedule(text="30 2 * * *", time_zone="Europe/Paris")
    ticks = [datetime(2026, 3, day, 1, 30, tzinfo=UTC) for day in (27, 28, 29)]
    later = ticks[-1] + timedelta(hours=2)
    now = [datetime.fromisoformat(str(end)) for end in interval_for(asked(run_after=later), schedule)]
    assert now == ticks[1:]
    assert plan(schedule, later).last == tuple(ticks[1:])
    assert due(schedule, ticks[0], later, 10) == [(ticks[1], ticks[2]), (ticks[0], ticks[1])]
