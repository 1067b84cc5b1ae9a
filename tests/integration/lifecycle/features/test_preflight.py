"""What the end of a feature pipeline would refuse is refused by its import, all at once, and no version is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from factories import doubled_folder
from integration.lifecycle.features.life import deployed, imported
from modelops.domain.errors import BadInput, SeveralErrors
from modelops.domain.requests import ScheduleTerms

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace


def refusal(workplace: Workplace, task: str = "here/doubled", **asked: Any) -> BadInput:
    """The error that an import ends with; it has made nothing."""
    with pytest.raises(BadInput) as caught:
        imported(workplace, task, **asked)
    with workplace.connection.cursor() as cursor:
        made = "SELECT count(*) FROM modelops.version WHERE name = %s"
        assert cursor.execute(made, (task,)).fetchone() == (0,)
    return caught.value


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"deployment": ScheduleTerms(schedule="nonsense")}, "'nonsense' is not a schedule"),
        ({"deployment": ScheduleTerms(schedule="@daily", time_zone="Mars")}, "there is no time zone 'Mars'"),
        ({"deployment": ScheduleTerms(schedule="after features.nothing")}, "makes the feature table features.no"),
        ({"deployment": ScheduleTerms(late_after=-1)}, "-1 minutes is out of range"),
        ({"interval_start": "2013-08-01T00:00:00Z"}, "only one end of the interval is given"),
        (
            {"interval_start": "2013-08-01T00:00:00Z", "interval_end": "2013-08-02T00:00:00Z"},
            "here/doubled isn't incremental",
        ),
    ],
)
def test_what_is_to_follow(workplace: Workplace, asked: dict[str, Any], said: str) -> None:
    assert said in refusal(workplace, **asked).what


@pytest.mark.parametrize(
    ("values", "what", "where"),
    [
        ({"output": "nowhere.doubled"}, "there is no schema nowhere", "nowhere.doubled"),
        ({"output": "theirs"}, "features.theirs already exists: a table of", "features.theirs"),
        ({"files": {"policy.yaml": "approvers: [ada]"}}, "nobody may decide", "here/doubled/policy.yaml"),
    ],
)
def test_the_task(
    workplace: Workplace, repository: Path, database: Database, values: dict[str, Any], what: str, where: str
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE features.theirs (id int)")
    doubled_folder(repository, **values)
    error = refusal(workplace)
    assert what in error.what
    assert error.where == where


def test_a_zone_that_only_python_has(workplace: Workplace, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own, or its schedule's; the deployment would be refused after the approval."""
    monkeypatch.setattr("modelops.domain.schedules.ZoneInfo", str)
    monkeypatch.setattr("modelops.repository.task_definition.ZoneInfo", str)
    error = refusal(workplace, deployment=ScheduleTerms(time_zone="Mars/Olympus"))
    assert (error.what, error.where) == ("PostgreSQL has no time zone 'Mars/Olympus'", "the parameter time_zone")
    columns = {"id": "integer", "day": "date"}
    sql = "SELECT id, at::date AS day FROM measured WHERE at >= current_setting('modelops.interval_start')::timestamptz"
    doubled_folder(repository, incremental="day", sql=sql, columns=columns, time_zone="Mars/Olympus")
    error = refusal(workplace)
    said = [each.what for each in (error.errors if isinstance(error, SeveralErrors) else [error])]
    assert "PostgreSQL has no time zone 'Mars/Olympus'" in said


def test_the_table_of_another_task(workplace: Workplace, repository: Path) -> None:
    deployed(workplace)
    doubled_folder(repository, "other", output="doubled")
    error = refusal(workplace, "here/other")
    assert "features.doubled holds the features of here/doubled" in error.what
    assert error.where == "here/other/task.yaml (output)"


def test_a_table_with_another_key(workplace: Workplace, repository: Path) -> None:
    deployed(workplace)
    doubled_folder(repository, key=["at"])
    with pytest.raises(BadInput, match=r"has the primary key \(run_id, id\); this version needs \(run_id, at\)"):
        imported(workplace)


def test_everything_at_once(workplace: Workplace, repository: Path) -> None:
    sql = "SELECT id FROM measurd"
    doubled_folder(repository, sql=sql, output="nowhere.doubled", inputs={"rows": "public.nothing"})
    error = refusal(workplace, deployment=ScheduleTerms(schedule="nonsense"))
    assert isinstance(error, SeveralErrors)
    assert [part.what.split(": ")[-1] for part in error.errors] == [
        'relation "public.nothing" does not exist',
        'relation "measurd" does not exist',
        "there is no schema nowhere",
        "'nonsense' is not a schedule",
    ]


def test_a_check_leaves_no_table_behind(workplace: Workplace, look: Any) -> None:
    imported(workplace, deployment=ScheduleTerms())
    assert look("SELECT to_regclass('features.doubled'), to_regclass('features.doubled_rows')") == [(None, None)]
