"""Which rows are within a data interval, whose dates and times without a zone are meant somewhere."""

from __future__ import annotations

from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from modelops.data.query import settings_of
from modelops.domain.deployments import Interval
from modelops.domain.errors import FeatureError
from modelops.kinds.feature_task.produce import check_times

NEW_YORK, TOKYO, PARIS = "America/New_York", "Asia/Tokyo", "Europe/Paris"
DATE, LOCAL, AWARE = "date", "timestamp without time zone", "timestamp with time zone"


def at(text: str, zone: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def interval(start: datetime, end: datetime, zone: str) -> Interval:
    """As the scheduler gives it, in UTC."""
    utc = ZoneInfo("UTC")
    return Interval(start=start.astimezone(utc), end=end.astimezone(utc)).within(zone)


def check(type_: str, value: str, meant: Interval) -> None:
    task: Any = SimpleNamespace(
        reference="here/daily", incremental="day", columns={"day": type_}, has_local_times=type_ != AWARE
    )
    check_times(task, meant, [{"variable": "day", "values": {"min": value, "max": value}}])


DAYS = [
    *((zone, "2026-01-15") for zone in (NEW_YORK, TOKYO, PARIS)),
    (NEW_YORK, "2026-03-08"),
    (NEW_YORK, "2026-11-01"),
    (PARIS, "2026-03-29"),
    (PARIS, "2026-10-25"),
]
"""The last four are those on which clocks change."""


@pytest.mark.parametrize("clock", ["00:00", "03:00", "22:30"])
@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_a_day_is_made_by_the_interval_in_which_it_ends(zone: str, day: str, clock: str) -> None:
    this = date.fromisoformat(day)
    before, after = (this.fromordinal(this.toordinal() + days) for days in (-1, 1))
    first, last = (before, this) if clock > "12:00" else (this, after)
    meant = interval(at(f"{first} {clock}", zone), at(f"{last} {clock}", zone), zone)
    ends = settings_of((meant.start, meant.end))
    asked = {name: ends[f"modelops.interval_{name}_date"] for name in ("start", "end")}
    assert asked == {"start": str(first), "end": str(last)}
    check(DATE, str(first), meant)
    for wrong in (first.fromordinal(first.toordinal() - 1), last):
        with pytest.raises(FeatureError, match=rf"day is {wrong} in a row.*\(from {first} to before {last}\)"):
            check(DATE, str(wrong), meant)


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_times_without_a_zone_are_meant_by_the_clocks_there(zone: str, day: str) -> None:
    this = date.fromisoformat(day)
    after = this.fromordinal(this.toordinal() + 1)
    meant = interval(at(f"{this} 00:00", zone), at(f"{after} 00:00", zone), zone)
    ends = settings_of((meant.start, meant.end))
    assert ends["modelops.interval_start_local"] == f"{this} 00:00:00"
    for inside in ("00:00:00", "23:59:59"):
        check(LOCAL, f"{this}T{inside}", meant)
    with pytest.raises(
        FeatureError,
        match=rf"modelops\.interval_start_local to before .*, in the time zone {zone}; or another time_zone",
    ):
        check(LOCAL, f"{after}T00:00:00", meant)


def test_an_hour_that_clocks_show_twice_is_the_second_as_postgresql_has_it() -> None:
    one, again = (at("2026-11-01 01:00", NEW_YORK, fold=fold) for fold in (0, 1))
    two = at("2026-11-01 02:00", NEW_YORK)
    first, second = interval(one, again, NEW_YORK), interval(again, two, NEW_YORK)
    check(LOCAL, "2026-11-01T01:30:00", second)
    with pytest.raises(FeatureError, match="isn't within the interval"):
        check(LOCAL, "2026-11-01T01:30:00", first)


def test_times_with_a_zone_are_moments() -> None:
    meant = interval(at("2026-01-15 00:00", TOKYO), at("2026-01-16 00:00", TOKYO), TOKYO)
    check(AWARE, "2026-01-14T15:00:00+00:00", meant)
    with pytest.raises(FeatureError, match=r"from modelops\.interval_start to before modelops\.interval_end"):
        check(AWARE, "2026-01-15T15:00:00+00:00", meant)


def test_a_run_over_all_times_has_open_ends() -> None:
    assert settings_of((None, None)) == {
        f"modelops.interval_{end}{kind}": ever
        for end, ever in (("start", "-infinity"), ("end", "infinity"))
        for kind in ("", "_date", "_local")
    }
