"""Converts schedules to Airflow's timetables, and computes next runs and data intervals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import Asset
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.events import EventsTimetable  # Airflow 3.3.2 can't deserialize the SDK's class
from airflow.timetables.interval import CronDataIntervalTimetable

from modelops.domain.errors import ScheduleError
from modelops.domain.schedules import EXPECTED, SCHEDULE, Plan, Schedule, ScheduleKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.models.dag import DagModel
    from airflow.sdk import Context
    from pendulum import DateTime

    from modelops.domain.deployments import DeploymentDagSpec

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
UPCOMING_COUNT = 5
"""The number of next times in a plan."""
CRON_FIELDS = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31"),
    ("month", "1 to 12, or jan to dec"),
    ("day of the week", "0 (Sunday) to 6, or sun to sat"),
)
"""The fields of a cron expression and their values."""
IntervalBounds = tuple[str | None, str | None]


class DatedRun(DagRunInfo):
    """A run whose logical date isn't the start of its data interval."""

    dated: DateTime | None = None

    @property
    def logical_date(self) -> DateTime | None:
        """Identifies the run within its DAG."""
        return self.dated


class TicksSince(CronDataIntervalTimetable):
    """Runs for the data intervals between the ticks of a cron expression, from a given tick on.

    The first run is at the first tick after `since`, which is a tick itself: no run starts at once, and no tick is
    skipped. Manual runs and backfills may be for earlier intervals.

    The logical date of a run is the start of its interval. That of the first interval is the moment at which the
    schedule was set: an earlier schedule of the same DAG may have left a run for an interval with the same start, and
    Airflow takes the run with the latest logical date for the last one.
    """

    def __init__(self, cron: str, time_zone: str, since: DateTime, set_at: DateTime) -> None:
        super().__init__(cron, time_zone)
        self._since, self._set_at = since, set_at

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The interval after the last one; if several were missed, the newest of them.

        Airflow's own method to skip to the newest interval omits the day on which clocks are set forward over a tick,
        so it is used only if there are intervals to skip. Its step from the last interval of an earlier schedule omits
        a tick, so intervals that ended before the first one are ignored.
        """
        if restriction.catchup:  # a backfill: catchup is off for the DAG itself
            return self._dated(self._following(last_automated_data_interval, restriction))
        each = restriction._replace(earliest=max(self._since, restriction.earliest or self._since), catchup=True)
        first = DataInterval(start=self._since, end=self._get_next(self._since))
        due: DagRunInfo | None = DagRunInfo.interval(*first)
        if last_automated_data_interval is not None and last_automated_data_interval.end >= first.end:
            due = self._following(last_automated_data_interval, each)
        after = due and self._following(due.data_interval, each)
        if due is not None and after is not None and after.run_after <= _now():
            due = self._following(due.data_interval, each._replace(catchup=False))
        return self._dated(due)

    def _following(self, last: DataInterval | None, restriction: TimeRestriction) -> DagRunInfo | None:
        return super().next_dagrun_info(last_automated_data_interval=last, restriction=restriction)

    def _dated(self, run: DagRunInfo | None) -> DagRunInfo | None:
        if run is None or run.data_interval is None or run.data_interval.start != self._since:
            return run
        dated = DatedRun(*run)
        # Between the two ticks, even if the database's clock, which gave `set_at`, differs from this one.
        dated.dated = min(max(self._set_at, run.data_interval.start), run.data_interval.end.subtract(microseconds=1))
        return dated

    def next_run_info_from_dag_model(self, *, dag_model: DagModel) -> DagRunInfo | None:
        """The next run as recorded for the DAG."""
        return self._dated(super().next_run_info_from_dag_model(dag_model=dag_model))

    def serialize(self) -> dict[str, Any]:
        """The arguments for Airflow's serialized DAG."""
        return {**super().serialize(), "since": self._since.timestamp(), "set_at": self._set_at.timestamp()}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> TicksSince:
        """Create it from Airflow's serialized DAG; one of an earlier release has no `set_at`."""
        since = data["since"]
        moments = (pendulum.from_timestamp(moment) for moment in (since, data.get("set_at", since)))
        return cls(data["expression"], data["timezone"], *moments)


def asset_of(table: str) -> Asset:
    """The Airflow asset of a feature table, `schema.name`; each publication is an asset event."""
    return Asset(name=table, uri=f"modelops://features/{table}")


def schedule_for(deployed: DeploymentDagSpec) -> Mapping[str, Any]:
    """The scheduling arguments of a DAG.

    The DAG has an early start date, and the schedule determines the first run: Airflow creates no tasks for a run
    before the start date, and marks it as success. The single run of the schedule `once` may be late, so catchup is on.
    """
    schedule = deployed.schedule
    timetable: Any = None
    if not schedule.paused:
        match schedule.kind, deployed.starts_at:
            case ScheduleKind.CRON, datetime() as since:
                timetable = TicksSince(schedule.cron, schedule.time_zone, *map(_pendulum, (since, deployed.set_at)))
            case ScheduleKind.ONCE, datetime() as moment:
                timetable = EventsTimetable([_pendulum(moment)], description="once")
            case ScheduleKind.AFTER, _:
                timetable = [asset_of(str(schedule.table))]
    return {"schedule": timetable, "start_date": LONG_AGO, "catchup": schedule.kind is ScheduleKind.ONCE}


def plan(schedule: Schedule, now: datetime | None = None) -> Plan:
    """The plan of a schedule from a time on, by default from now on.

    Raises:
        ScheduleError: the cron fields are invalid, or match no future time.
    """
    moment = _now() if now is None else now
    match schedule.kind:
        case ScheduleKind.CRON:
            return _cron_plan(schedule, moment)
        case ScheduleKind.ONCE:
            return Plan(schedule=schedule, starts_at=moment, upcoming=(moment,))
    return Plan(schedule=schedule)


def interval_for(context: Context, schedule: Schedule) -> IntervalBounds:
    """The data interval of a run whose Params have none. It depends on the run, because the schedule may have changed.

    For a scheduled run or a backfill, the interval of the DAG run; for a manual run, the last one that had ended by
    then; (None, None) if there is none.
    """
    run: Any = context["dag_run"]
    if run.data_interval_start and run.data_interval_end and run.data_interval_start < run.data_interval_end:
        return run.data_interval_start.isoformat(), run.data_interval_end.isoformat()
    if schedule.kind is ScheduleKind.CRON:
        last = _last_interval(_ticks(schedule), _pendulum(run.run_after))
        return last.start.isoformat(), last.end.isoformat()
    return None, None


def due(schedule: Schedule, since: datetime, before: datetime, limit: int) -> list[tuple[datetime, datetime]]:
    """The newest `limit` data intervals of a cron schedule between two times, latest first."""
    found: list[tuple[datetime, datetime]] = []
    # The tick before a very early time may be out of the range of Python's datetime.
    if schedule.kind is not ScheduleKind.CRON or before <= since:
        return found
    ticks, until = _ticks(schedule), _pendulum(before)
    while len(found) < limit and (last := _last_interval(ticks, until)).start >= since:
        found.append((last.start, last.end))
        until = last.start
    return found


def _last_interval(ticks: CronDataIntervalTimetable, moment: DateTime) -> DataInterval:
    """The last interval that had ended by a time.

    Airflow returns an empty interval if a tick is in the hour that is skipped when clocks are set forward; it then
    begins at the tick before.
    """
    found = ticks.infer_manual_data_interval(run_after=moment)
    if found.start < found.end:
        return found
    before = ticks.infer_manual_data_interval(run_after=found.end.subtract(hours=1))
    return DataInterval(start=before.end, end=found.end)


def _cron_plan(schedule: Schedule, moment: datetime) -> Plan:
    from airflow.exceptions import AirflowTimetableInvalid

    restriction = TimeRestriction(earliest=None, latest=None, catchup=True)
    try:
        ticks = _ticks(schedule)
        ticks.validate()
        last = _last_interval(ticks, _pendulum(moment))
        ended = (last.start, last.end)
        upcoming: list[datetime] = []
        while len(upcoming) < UPCOMING_COUNT:
            following = ticks.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
            assert following is not None
            assert following.data_interval is not None
            last = following.data_interval
            upcoming.append(last.end)
    except (AirflowTimetableInvalid, ValueError) as error:  # cron's own are ValueErrors
        what, right = _wrong_field(schedule) or ("no date matches", None)
        raise ScheduleError(
            f"{schedule.text!r} names no times: {what}",
            where=SCHEDULE,
            expected=f"{right}; or {EXPECTED}" if right else EXPECTED,
        ) from error
    return Plan(schedule=schedule, starts_at=ended[1], last=ended, upcoming=tuple(upcoming))


def _wrong_field(schedule: Schedule) -> tuple[str, str] | None:
    """The first invalid field of a cron expression: what is wrong, and what is expected."""
    from airflow.exceptions import AirflowTimetableInvalid

    for position, (field, (name, values)) in enumerate(zip(schedule.cron.split(), CRON_FIELDS, strict=True)):
        alone = ["*"] * len(CRON_FIELDS)
        alone[position] = field
        try:
            CronDataIntervalTimetable(" ".join(alone), "UTC").validate()
        except (AirflowTimetableInvalid, ValueError):
            return f"{field!r} is not a valid {name}", f"{name} {values}"
    return None


def _ticks(schedule: Schedule) -> CronDataIntervalTimetable:
    return CronDataIntervalTimetable(schedule.cron, schedule.time_zone)


def _now() -> datetime:
    return datetime.now(UTC)


def _pendulum(moment: datetime) -> DateTime:
    return pendulum.instance(moment)
