"""Parses the schedule of a deployment's batches from the text that a person writes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from modelops.domain.errors import ScheduleError

if TYPE_CHECKING:
    from datetime import datetime

SCHEDULE, TIME_ZONE = "the parameter schedule", "the parameter time_zone"
"""The places that errors name."""
EXAMPLES = ("manual", "once", "@daily", "0 3 * * *", "after features.flight_features", "publish only")
PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
"""Airflow's presets for times, as cron expressions."""
AFTER = re.compile(r"after ([^\s.]+\.[^\s.]+)")
FIELDS = 5
RANDOM = re.compile(r"(?i)(?<![a-z])[hr](?![a-z])")
"""Matches the random fields (H, R) of a cron expression, whose value differs each time it is parsed."""
MAX_MINUTES = 43_200
"""Maximum of `late_after`: thirty days."""
EXPECTED = (
    "five fields of cron like '0 3 * * *', one of "
    + ", ".join(PRESETS)
    + ", once, manual, 'after <schema>.<feature table>', or 'publish only'"
)


class ScheduleKind(StrEnum):
    """What starts the batches of a deployment."""

    CRON = "cron"
    """The clock: a run at the end of each data interval."""
    ONCE = "once"
    """The deployment itself, once."""
    MANUAL = "manual"
    """A person."""
    AFTER = "after"
    """The publication of a feature table."""
    PUBLISH_ONLY = "publish only"
    """Nothing: another system takes the version from the registry."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A schedule as a person writes it, and the time zone of its fields.

    A run is late if it has not ended `late_after` after it was queued; None: no run is late.
    """

    text: str = ScheduleKind.MANUAL
    time_zone: str = "UTC"
    paused: bool = False
    late_after: timedelta | None = None

    @classmethod
    def parse(cls, text: str, time_zone: str, *, paused: bool = False, late_after: timedelta | None = None) -> Schedule:
        """Parse the text of a schedule. This does not check that a cron expression has a next time.

        Raises:
            ScheduleError: the text is not a valid schedule, or the time zone is unknown.
        """
        words = " ".join(text.split())
        words = {"@once": str(ScheduleKind.ONCE)}.get(words, words)
        fields = words.split(" ")
        known = words in PRESETS or words in {ScheduleKind.ONCE, ScheduleKind.MANUAL, ScheduleKind.PUBLISH_ONLY}
        if not known and AFTER.fullmatch(words) is None and (len(fields) != FIELDS or RANDOM.search(words)):
            raise ScheduleError(f"{text!r} is not a schedule", where=SCHEDULE, expected=EXPECTED)
        try:
            ZoneInfo(time_zone)
        except (KeyError, ValueError, OSError):
            raise ScheduleError(
                f"there is no time zone {time_zone!r}", where=TIME_ZONE, expected="a name like Europe/Paris, or UTC"
            ) from None
        return cls(text=words, time_zone=time_zone, paused=paused, late_after=late_after)

    @property
    def kind(self) -> ScheduleKind:
        """What starts a batch."""
        if self.table is not None:
            return ScheduleKind.AFTER
        try:
            return ScheduleKind(self.text)
        except ValueError:
            return ScheduleKind.CRON

    @property
    def cron(self) -> str:
        """The five cron fields of a CRON schedule."""
        return PRESETS.get(self.text, self.text)

    @property
    def table(self) -> str | None:
        """The feature table whose publication starts a batch."""
        found = AFTER.fullmatch(self.text)
        return found and found[1]

    def as_record(self) -> dict[str, str | bool | float | None]:
        """The schedule as in the results of jobs, with `late_after` in minutes."""
        minutes = None if self.late_after is None else self.late_after / timedelta(minutes=1)
        return {"schedule": self.text, "time_zone": self.time_zone, "paused": self.paused, "late_after": minutes}

    def __str__(self) -> str:
        zone = f" ({self.time_zone})" if self.kind is ScheduleKind.CRON else ""
        return f"{self.text}{zone}{', paused' if self.paused else ''}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The times of a schedule from a given time on.

    `starts_at` is the last tick of the clock at or before that time, and no run is due before it; None if the schedule
    is not CRON. `last` is the last data interval that had ended by then, and `upcoming` has the times of the next runs.
    """

    schedule: Schedule
    starts_at: datetime | None = None
    last: tuple[datetime, datetime] | None = None
    upcoming: tuple[datetime, ...] = ()

    def summary(self) -> str:
        """The schedule and its next times, in its own time zone, for a log."""
        if not self.upcoming:
            return str(self.schedule)
        zone = ZoneInfo(self.schedule.time_zone)
        return f"{self.schedule}; next: " + ", ".join(
            f"{at.astimezone(zone):%a %d %b %Y %H:%M}" for at in self.upcoming
        )


MANUAL_PLAN = Plan(schedule=Schedule())
"""The default: manual."""
