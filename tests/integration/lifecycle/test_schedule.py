"""A deployment is given its schedule, and another one, by jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import factories
from integration.lifecycle import life
from integration.lifecycle.features import life as features
from modelops.domain.errors import ScheduleError, UnknownDeployment
from modelops.domain.job_types import JobType
from modelops.domain.requests import ScheduleRequest
from modelops.domain.schedules import Schedule
from modelops.registry.write import schedules
from modelops.stages.schedule import change_schedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from workplace import Workplace


@pytest.fixture
def deployment(workplace: Workplace) -> int:
    return factories.deployed(workplace.connection).id


def changed(workplace: Workplace, deployment: int, **asked: Any) -> dict[str, Any]:
    request = ScheduleRequest(deployment=deployment, **asked)
    return change_schedule(request, workplace.job(JobType.SCHEDULE_CHANGE))


def test_a_change(workplace: Workplace, deployment: int, log: list[str]) -> None:
    result = changed(workplace, deployment, schedule="0 3 * * *", time_zone="Europe/Paris")
    manual = {"schedule": "manual", "time_zone": "UTC", "paused": False, "late_after": None}
    daily = {**manual, "schedule": "0 3 * * *", "time_zone": "Europe/Paris"}
    assert (result["before"], result["after"]) == (manual, daily)
    assert len(result["upcoming"]) == 5
    assert "was on the schedule manual; from now on it is on 0 3 * * * (Europe/Paris); next: " in log[-1]
    assert log[-1].count(" 03:00") == 5
    assert changed(workplace, deployment, paused=True)["before"] == daily
    assert changed(workplace, deployment, time_zone="UTC")["after"] == daily | {"paused": True, "time_zone": "UTC"}
    assert changed(workplace, deployment, late_after=0.5)["after"]["late_after"] == 0.5
    assert changed(workplace, deployment, late_after=0)["after"]["late_after"] is None
    assert changed(workplace, deployment, schedule="once", paused=False)["after"]["schedule"] == "once"
    assert changed(workplace, deployment, schedule="once")["after"]["schedule"] == "once"
    with pytest.raises(ScheduleError, match="is once already"):
        changed(workplace, deployment, paused=False)


def test_what_says_no_other_times_goes_on_as_it_was(workplace: Workplace, deployment: int) -> None:
    def starts_at() -> Any:
        return schedules.plan_of(workplace.connection, deployment).starts_at

    changed(workplace, deployment, schedule="once")
    first = starts_at()
    changed(workplace, deployment, late_after=5)
    changed(workplace, deployment, paused=True)
    changed(workplace, deployment, paused=False)
    assert starts_at() == first
    changed(workplace, deployment, schedule="once")
    assert starts_at() > first


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"schedule": "nonsense"}, "'nonsense' is not a schedule"),
        (
            {"schedule": "61 * * * *"},
            r"'61 \* \* \* \*' names no times: '61' is not a valid minute\n.*\n.*expected: minute 0 to 59",
        ),
        ({"schedule": "0 25 * * *"}, "'0 25 \\* \\* \\*' names no times: '25' is not a valid hour"),
        ({"schedule": "0 0 31 2 *"}, "'0 0 31 2 \\*' names no times: no date matches"),
        ({"schedule": "@daily", "time_zone": "Mars/Olympus"}, "there is no time zone 'Mars/Olympus'"),
        ({"schedule": "after features.nothing"}, "no deployment makes the feature table features.nothing"),
        ({"late_after": 1e6}, r"1e\+06 minutes is out of range"),
        ({"schedule": "manual"}, "the schedule of deployment \\d+ is manual already"),
        ({}, "is manual already"),
    ],
)
def test_what_is_wrong_changes_nothing(workplace: Workplace, deployment: int, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ScheduleError, match=said):
        changed(workplace, deployment, **asked)
    assert schedules.plan_of(workplace.connection, deployment).schedule == Schedule()


def test_of_a_deployment_that_there_is_not(workplace: Workplace, deployment: int) -> None:
    with pytest.raises(UnknownDeployment, match="there is no deployment 77"):
        changed(workplace, 77, schedule="@daily")


def test_a_feature_task_keeps_its_schedule_and_models_follow_its_table(
    workplace: Workplace, deployment: int, repository: Any, look: Callable[[str], list[Any]]
) -> None:
    factories.doubled_folder(repository)
    version = features.approved(workplace)
    result = features.put_into_production(workplace, version, schedule="@hourly")
    assert result["schedule"]["schedule"] == "@hourly"
    again = features.put_into_production(workplace, version)
    assert again["schedule"] == result["schedule"]
    followed = changed(workplace, deployment, schedule="after features.doubled")
    assert followed["after"]["schedule"] == "after features.doubled"
    with pytest.raises(ScheduleError, match=r"features\.doubled would wait for itself"):
        changed(workplace, again["deployment"], schedule="after features.doubled")
    with pytest.raises(ScheduleError, match="'nonsense' is not a schedule"):
        features.put_into_production(workplace, version, schedule="nonsense")
    assert look("SELECT count(*) FROM modelops.deployment WHERE ended_at IS NULL") == [(2,)]


def test_a_deployment_says_which_interval_is_to_be_made_at_once(workplace: Workplace, repository: Any) -> None:
    factories.model_folder(repository, "scored", scoring=factories.SCORING)
    version = life.approved(workplace)
    sql = "SELECT id, x, y FROM measured WHERE current_setting('modelops.interval_start') <> ''"
    made = life.put_into_production(workplace, version, dataset=sql, schedule="@daily", time_zone="Europe/Paris")
    start, end = (datetime.fromisoformat(made[f"interval_{which}"]) for which in ("start", "end"))
    assert start < end <= datetime.now(UTC) < end + timedelta(hours=25)
    ends = {name: made[name] for name in ("interval_start", "interval_end")}
    assert life.predicted(workplace, made["deployment"], **ends)["rows"] == 100
    whole = life.put_into_production(workplace, version, target="whole", schedule="@daily")
    assert (whole["interval_start"], whole["interval_end"]) == (None, None)


def test_tables_do_not_wait_for_each_other(workplace: Workplace, repository: Any) -> None:
    made = {}
    for name in ("one", "other"):
        factories.doubled_folder(repository, name, output=name)
        version = features.approved(workplace, f"here/{name}")
        made[name] = features.put_into_production(workplace, version, f"here/{name}")["deployment"]
    changed(workplace, made["one"], schedule="after features.other")
    with pytest.raises(ScheduleError, match=r"features\.other would wait for itself, through features\.one"):
        changed(workplace, made["other"], schedule="after features.one")
