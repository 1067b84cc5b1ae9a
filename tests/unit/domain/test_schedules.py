"""What people may write for a schedule."""

from __future__ import annotations

import pytest

from modelops.domain.errors import ScheduleError
from modelops.domain.schedules import EXAMPLES, Schedule, ScheduleKind


@pytest.mark.parametrize(
    ("written", "text", "kind"),
    [
        ("0 3 * * *", "0 3 * * *", ScheduleKind.CRON),
        ("  */5  8-18 * * MON-FRI ", "*/5 8-18 * * MON-FRI", ScheduleKind.CRON),
        ("0 0 * MAR THU", "0 0 * MAR THU", ScheduleKind.CRON),
        ("@daily", "@daily", ScheduleKind.CRON),
        ("@once", "once", ScheduleKind.ONCE),
        ("once", "once", ScheduleKind.ONCE),
        ("manual", "manual", ScheduleKind.MANUAL),
        ("publish only", "publish only", ScheduleKind.PUBLISH_ONLY),
        ("after features.flight_features", "after features.flight_features", ScheduleKind.AFTER),
    ],
)
def test_what_can_be_written(written: str, text: str, kind: ScheduleKind) -> None:
    schedule = Schedule.parse(written, "Europe/Paris")
    assert (schedule.text, schedule.kind, schedule.time_zone) == (text, kind, "Europe/Paris")
    assert Schedule.parse(schedule.text, schedule.time_zone) == schedule


def test_every_example_can_be_written() -> None:
    assert {Schedule.parse(example, "UTC").kind for example in EXAMPLES} == set(ScheduleKind)


@pytest.mark.parametrize(
    "written",
    ["", " ", "daily", "@never", "0 3 * *", "0 0 3 * * *", "R 3 * * *", "H H * * *", "after", "after flights", "never"],
)
def test_what_is_no_schedule(written: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        Schedule.parse(written, "UTC")
    assert f"{written!r} is not a schedule" in str(caught.value)
    assert "five fields of cron like '0 3 * * *', one of @hourly, @daily" in str(caught.value)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "CEST"])
def test_what_is_no_time_zone(zone: str) -> None:
    with pytest.raises(ScheduleError, match=r"there is no time zone (.|\n)*a name like Europe/Paris"):
        Schedule.parse("@daily", zone)


def test_what_it_says() -> None:
    assert str(Schedule(text="0 3 * * *", time_zone="Europe/Paris")) == "0 3 * * * (Europe/Paris)"
    assert str(Schedule(text="once", paused=True)) == "once, paused"
    assert Schedule(text="after features.delays").table == "features.delays"
