"""A feature task in SQL, from its import to its retirement; the rows never leave the database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from factories import DOUBLED_SQL, doubled_folder
from integration.lifecycle.features.life import (
    TASK,
    answered,
    approved,
    deployed,
    imported,
    made,
    put_into_production,
    ran,
    retired,
)
from integration.lifecycle.life import attempt_at
from modelops.domain.decisions import Verdict
from modelops.domain.errors import (
    DecisionRefused,
    FeatureError,
    IntervalError,
    NotApproved,
    ScheduleError,
    TargetError,
    UnknownDeployment,
)
from modelops.domain.job_types import JobType
from modelops.domain.requests import ScheduleRequest
from modelops.domain.versions import VersionKind, VersionStatus
from modelops.kinds.feature_task.card import card_of, code_diff
from modelops.registry.write import evidence, statistics, versions
from modelops.stages.approve import request_approval
from modelops.stages.schedule import change_schedule
from modelops.statistics.bins import bin_counts

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database
    from modelops.domain.versions import Version
    from workplace import Workplace

PUBLISHED = "SELECT count(*), sum(twice), array_agg(DISTINCT task_version) FROM features.doubled"
WHOLE = (100, 1010.0)
"""Rows, and the sum of the column twice."""
INCREMENTAL = f"""
SELECT * FROM ({DOUBLED_SQL}) AS whole
WHERE at >= current_setting('modelops.interval_start')::timestamptz
  AND at < current_setting('modelops.interval_end')::timestamptz
"""


def day(number: int) -> dict[str, str]:
    return {"interval_start": f"2013-08-{number:02}T00:00:00Z", "interval_end": f"2013-08-{number + 1:02}T00:00:00Z"}


def version(workplace: Workplace, number: int = 1) -> Version:
    return versions.find(workplace.connection, TASK, number, kind=VersionKind.FEATURE_TASK)


def test_its_life(workplace: Workplace, look: Any, log: list[str]) -> None:
    result = imported(workplace)
    assert (result["task"], result["version"], result["output"]) == (TASK, 1, "features.doubled")
    assert version(workplace).status is VersionStatus.IMPORTED

    result = ran(workplace)
    assert (result["rows"], result["drift"]) == (100, {})
    assert version(workplace).status is VersionStatus.TESTED
    [measured] = evidence.evaluations_of(workplace.connection, version(workplace).id)
    assert measured.metrics == {"rows": 100, "columns": 4}
    assert measured.statistics is not None
    assert [one["variable"] for one in measured.statistics] == ["id", "at", "twice", "half"]
    assert measured.statistics[3]["values"]["nulls"] == 50

    answered(workplace, 1, verdict=Verdict.APPROVED)
    assert version(workplace).status is VersionStatus.APPROVED
    result = put_into_production(workplace, None)
    assert (result["target"], result["approved_by"], result["replaced"]) == ("features.doubled", "grace", None)
    assert version(workplace).status is VersionStatus.DEPLOYED
    assert look(PUBLISHED) == [(0, None, None)]

    batch = made(workplace, result["deployment"])
    assert (batch["rows"], batch["table"]) == (100, "features.doubled")
    assert look(PUBLISHED) == [(*WHOLE, [1])]
    assert look("SELECT count(DISTINCT job_id), count(DISTINCT published_at) FROM features.doubled") == [(1, 1)]
    roles = look("SELECT role, variable FROM modelops.statistics WHERE run_id IS NOT NULL ORDER BY 1, 2")
    assert roles == [("feature", "at"), ("feature", "half"), ("feature", "twice"), ("key", "id")]
    of_batch = statistics.of_run(workplace.connection, batch["run"])
    of_run = {one["variable"]: one["values"]["reference"] for one in measured.statistics}
    for one in of_batch:
        if one["kind"] == "continuous":
            assert one["values"]["bins"]["edges"] == of_run[one["variable"]]["edges"]
            assert sum(bin_counts(one)) == 100
    assert any("Published 100 rows in features.doubled" in line for line in log)

    retired(workplace, result["deployment"])
    assert version(workplace).status is VersionStatus.RETIRED
    assert look(PUBLISHED) == [(*WHOLE, [1])]
    with pytest.raises(UnknownDeployment, match="was retired"):
        made(workplace, result["deployment"])


def test_nothing_is_left_in_staging(workplace: Workplace, database: Database) -> None:
    made(workplace, deployed(workplace)["deployment"])
    with psycopg.connect(database.admin_url) as admin:
        assert (
            admin.execute("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace").fetchall() == []
        )


def test_a_run_takes_the_place_of_the_one_before_whose_rows_go(workplace: Workplace, look: Any) -> None:
    deployment = deployed(workplace)["deployment"]
    first = made(workplace, deployment)["run"]
    second = made(workplace, deployment)["run"]
    assert look(PUBLISHED) == [(*WHOLE, [1])]
    kept = workplace.connection.execute("SELECT DISTINCT run_id FROM features.doubled_rows ORDER BY 1").fetchall()
    assert kept == [(first,), (second,)], "a reader may still be at the rows of the first"
    third = made(workplace, deployment)["run"]
    kept = workplace.connection.execute("SELECT DISTINCT run_id FROM features.doubled_rows ORDER BY 1").fetchall()
    assert kept == [(second,), (third,)]


def test_a_new_version_with_other_columns(workplace: Workplace, repository: Path, look: Any) -> None:
    made(workplace, deployed(workplace)["deployment"])
    columns = {"id": "integer", "at": "timestamptz", "twice": "float8", "thrice": "float8"}
    doubled_folder(
        repository, columns=columns, sql="SELECT id, now() AS at, x * 2 AS twice, x * 3 AS thrice FROM measured"
    )
    after = deployed(workplace)
    assert after["replaced"] == {"deployment": 1, "version": 1}
    assert version(workplace, 1).status is VersionStatus.APPROVED
    assert look(PUBLISHED) == [(*WHOLE, [1])], "until its first batch run"
    made(workplace, after["deployment"])
    assert look(PUBLISHED) == [(*WHOLE, [2])]
    assert look("SELECT sum(thrice) FROM features.doubled") == [(pytest.approx(1515.0),)]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        look("SELECT half FROM features.doubled")


def test_drift_against_what_is_deployed(workplace: Workplace, repository: Path) -> None:
    deployed(workplace)
    doubled_folder(repository, sql=DOUBLED_SQL.replace("x * 2", "x * 2 + 100"))
    imported(workplace)
    drift = ran(workplace)["drift"]
    assert set(drift) == {"twice", "half"}
    assert drift["half"] == pytest.approx(0, abs=0.05), "categories are counted on half of the rows"
    assert drift["twice"] > 1


def test_both_runs_are_counted_in_the_bins_of_the_deployed_one(workplace: Workplace, repository: Path) -> None:
    deployed(workplace)
    doubled_folder(repository, sql=DOUBLED_SQL.replace("x * 2", "x * 2 + 10"))
    imported(workplace)
    ran(workplace, 2)
    newest = evidence.newest_evaluation(workplace.connection, version(workplace, 2).id)
    assert newest is not None
    bins = {one["variable"]: (one["drift"] or {}).get("bins") for one in newest.statistics or ()}
    assert bins["id"] is bins["at"] is None, "a key, and times"
    # 0.2 … 20 when it was deployed, 10.2 … 30 now.
    assert [bins["twice"][0][name] for name in ("bin", "reference_rows", "rows")] == ["below 0.2", 0, 0]
    counts = {one["bin"].split()[0]: (one["reference_rows"], one["rows"]) for one in bins["twice"]}
    assert counts["above"] == (0, 50)
    assert [sum(one[name] for one in bins["twice"]) for name in ("reference_rows", "rows")] == [100, 100]
    assert [one["bin"] for one in bins["half"]] == ["“1”", "rare or new", "null"]
    assert [one["rows"] for one in bins["half"]] == [50, 0, 50]


def test_the_card_tells_what_changes(workplace: Workplace, repository: Path) -> None:
    deployed(workplace)
    columns = {"id": "integer", "at": "timestamptz", "twice": "float8", "square": "float8"}
    sql = DOUBLED_SQL.replace("x * 2", "x * 2 + 100").replace("nullif(late, 0)::text AS half", "x * x AS square")
    doubled_folder(repository, columns=columns, sql=sql)
    number = imported(workplace)["version"]
    ran(workplace, number)
    job = attempt_at(workplace, JobType.FEATURE_APPROVAL)
    request = request_approval(TASK, number, workplace.run(job), kind=VersionKind.FEATURE_TASK)
    card = card_of(request, code_diff(request, workplace.run(job)))
    for said in (
        "v1 is deployed now. Its run over all of its inputs made 100 rows.",
        "| rows | 100 | 100 | +0 |",
        "- **added**: square (double precision)",
        "- ⚠ **removed**: half (text)",
        "| id | 0 | 1 … 100, mean 50.5 | 1 … 100, mean 50.5 |  |",
        "| at | 0 | 2013-08-01T01:00:00Z … 2013-08-05T04:00:00Z | 2013-08-01T01:00:00Z … 2013-08-05T04:00:00Z |  |",
        "| 0.2 … 20, mean 10.1 | ⚠ **major**; PSI ",
        "-SELECT id, timestamptz",
        "May decide: **anybody else**; ada requested it and can't decide.",
    ):
        assert said in card, card


def test_not_approved(workplace: Workplace) -> None:
    imported(workplace)
    with pytest.raises(NotApproved, match="no version of here/doubled is approved"):
        put_into_production(workplace, None)
    ran(workplace)
    with pytest.raises(NotApproved, match="here/doubled v1 is tested: nobody has approved it"):
        put_into_production(workplace, 1)
    with pytest.raises(DecisionRefused, match="ada requested the import of here/doubled v1"):
        answered(workplace, 1, person="ada")
    answered(workplace, 1, verdict=Verdict.REJECTED, comment="too few")
    with pytest.raises(NotApproved, match="v1 is rejected"):
        put_into_production(workplace, 1)


class TestIncremental:
    @pytest.fixture(autouse=True)
    def folder(self, repository: Path) -> Path:
        return doubled_folder(repository, incremental="at", sql=INCREMENTAL)

    def test_intervals_are_the_whole(self, workplace: Workplace, look: Any) -> None:
        deployment = deployed(workplace)["deployment"]
        hashed = (
            "SELECT md5(string_agg(d::text, '|' ORDER BY id)) FROM (SELECT id, at, twice, half FROM features.doubled) d"
        )
        made(workplace, deployment)
        whole = look(hashed)
        assert look(PUBLISHED) == [(*WHOLE, [1])]
        for number in (3, 1, 5, 2, 4):
            made(workplace, deployment, **day(number))
            assert look(hashed) == whole
        assert look("SELECT count(DISTINCT job_id) FROM features.doubled") == [(5,)]

    def test_a_rerun_replaces_exactly_its_interval(self, workplace: Workplace, database: Database, look: Any) -> None:
        deployment = deployed(workplace)["deployment"]
        for number in (1, 2):
            made(workplace, deployment, **day(number))
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute("UPDATE measured SET x = -x")
        made(workplace, deployment, **day(2))
        day_of = "(at AT TIME ZONE 'UTC')::date::text"
        assert look(f"SELECT {day_of}, count(*), sum(twice) < 0 FROM features.doubled GROUP BY 1 ORDER BY 1") == [
            ("2013-08-01", 23, False),
            ("2013-08-02", 24, True),
        ]

    def test_an_interval_without_rows(
        self, workplace: Workplace, repository: Path, database: Database, look: Any
    ) -> None:
        """A night: `min` is for runs that have rows."""
        doubled_folder(repository, incremental="at", sql=INCREMENTAL, rows={"min": 2})
        deployment = deployed(workplace)["deployment"]
        made(workplace, deployment)
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute("DELETE FROM measured WHERE id BETWEEN 24 AND 47")
        assert made(workplace, deployment, **day(2))["rows"] == 0
        assert look("SELECT count(*) FROM features.doubled") == [(76,)]
        assert ran(workplace, 1, **day(2))["rows"] == 0
        doubled_folder(repository, incremental="at", sql=INCREMENTAL, empty="never")
        with pytest.raises(FeatureError, match="the task gave 0 rows") as refused:
            ran(workplace, imported(workplace)["version"], **day(2))
        assert "empty: intervals or always" in str(refused.value.expected)
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute("TRUNCATE measured")
        with pytest.raises(FeatureError, match="the task gave 0 rows"):
            made(workplace, deployment)

    def test_rows_outside_of_the_interval(self, workplace: Workplace, repository: Path, look: Any) -> None:
        deployment = deployed(workplace)["deployment"]
        made(workplace, deployment, **day(2))
        doubled_folder(repository, incremental="at", sql=INCREMENTAL.replace("<", "<="))
        wrong = deployed(workplace)["deployment"]
        with pytest.raises(Exception, match=r"at is 2013-08-03T00:00:00\+00:00 in a row, which isn't within"):
            made(workplace, wrong, **day(2))
        assert look("SELECT count(*), max(task_version) FROM features.doubled") == [(24, 1)]

    def test_another_incremental_column(self, workplace: Workplace, repository: Path) -> None:
        first = approved(workplace)
        doubled_folder(repository)
        second = approved(workplace)
        put_into_production(workplace, first)
        with pytest.raises(TargetError, match="is incremental by at; this version by no column"):
            put_into_production(workplace, second)
        with pytest.raises(TargetError, match="is incremental by at; this version by no column"):
            imported(workplace)


BY_DAY = f"""
SELECT id, (at AT TIME ZONE 'UTC')::date AS day FROM ({DOUBLED_SQL}) AS whole
WHERE {{}}
"""
LOCAL_DAYS = """(at AT TIME ZONE 'UTC')::date >= current_setting('modelops.interval_start_date')::date
  AND (at AT TIME ZONE 'UTC')::date < current_setting('modelops.interval_end_date')::date"""
MOMENTS = """(at AT TIME ZONE 'UTC')::date >= current_setting('modelops.interval_start')::timestamptz
  AND (at AT TIME ZONE 'UTC')::date < current_setting('modelops.interval_end')::timestamptz"""


class TestByTheCalendar:
    """Rows have dates, as people in a time zone mean them."""

    def folder(self, repository: Path, where: str = LOCAL_DAYS, **values: Any) -> None:
        columns = {"id": "integer", "day": "date"}
        doubled_folder(repository, incremental="day", sql=BY_DAY.format(where), columns=columns, **values)

    @staticmethod
    def day(number: int, zone: str) -> dict[str, str]:
        start, end = (datetime(2013, 8, number + days, tzinfo=ZoneInfo(zone)) for days in (0, 1))
        return {"interval_start": start.isoformat(), "interval_end": end.isoformat()}

    @pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
    def test_days_are_those_of_the_schedules_zone(
        self, workplace: Workplace, repository: Path, look: Any, zone: str
    ) -> None:
        self.folder(repository)
        version = approved(workplace)
        deployment = put_into_production(workplace, version, schedule="@daily", time_zone=zone)["deployment"]
        days = "SELECT day::text, count(*) FROM features.doubled GROUP BY 1 ORDER BY 1"
        for number in (2, 3, 2):
            made(workplace, deployment, **self.day(number, zone))
            assert look(days)[0] == ("2013-08-02", 24)
        assert look(days) == [("2013-08-02", 24), ("2013-08-03", 24)]
        request = ScheduleRequest(deployment=deployment, time_zone="Europe/Paris")
        job = attempt_at(workplace, JobType.SCHEDULE_CHANGE)
        with pytest.raises(ScheduleError, match=f"features.doubled are in the time zone {zone}") as refused:
            change_schedule(request, workplace.run(job))
        assert "while nothing is published" not in str(refused.value.expected)
        with pytest.raises(TargetError, match=f"day in features.doubled is in the time zone {zone}"):
            put_into_production(workplace, version, schedule="@daily", time_zone="Europe/Paris")

    def test_a_deployment_that_published_nothing_does_not_free_the_zone(
        self, workplace: Workplace, repository: Path, look: Any
    ) -> None:
        """The days of the first one are still seen, in its zone."""
        self.folder(repository)
        version = approved(workplace)
        first = put_into_production(workplace, version, schedule="@daily", time_zone="UTC")["deployment"]
        made(workplace, first, **self.day(2, "UTC"))
        second = put_into_production(workplace, version, schedule="@daily", time_zone="UTC")["deployment"]
        request = ScheduleRequest(deployment=second, time_zone="Europe/Paris")
        with pytest.raises(ScheduleError) as refused:
            change_schedule(request, workplace.job(JobType.SCHEDULE_CHANGE))
        assert "while nothing is published" not in str(refused.value.expected)
        with pytest.raises(
            TargetError, match=r"day in features.doubled is in the time zone UTC; .* would read it in Asia/Tokyo"
        ):
            put_into_production(workplace, version, schedule="@daily", time_zone="Asia/Tokyo")
        assert look("SELECT DISTINCT day::text FROM features.doubled") == [("2013-08-02",)]

    def test_the_zone_is_free_while_nothing_is_published(self, workplace: Workplace, repository: Path) -> None:
        self.folder(repository)
        version = approved(workplace)
        deployment = put_into_production(workplace, version, schedule="@daily", time_zone="UTC")["deployment"]
        request = ScheduleRequest(deployment=deployment, time_zone="Asia/Tokyo")
        with pytest.raises(ScheduleError, match="while nothing is published"):
            change_schedule(request, workplace.job(JobType.SCHEDULE_CHANGE))
        put_into_production(workplace, version, schedule="@daily", time_zone="Asia/Tokyo")

    def test_days_of_a_declared_zone(self, workplace: Workplace, repository: Path, look: Any) -> None:
        self.folder(repository, time_zone="Asia/Tokyo")
        version = approved(workplace)
        deployment = put_into_production(workplace, version, schedule="@daily", time_zone="America/New_York")
        made(workplace, deployment["deployment"], **self.day(2, "Asia/Tokyo"))
        assert look("SELECT DISTINCT day::text FROM features.doubled") == [("2013-08-02",)]

    def test_dates_that_are_compared_with_moments_are_refused(
        self, workplace: Workplace, repository: Path, look: Any
    ) -> None:
        self.folder(repository, where=MOMENTS)
        version = approved(workplace)
        zone = "America/New_York"
        deployment = put_into_production(workplace, version, schedule="@daily", time_zone=zone)["deployment"]
        with pytest.raises(FeatureError, match=r"(?s)day is 2013-08-03 in a row.*modelops.interval_start_date"):
            made(workplace, deployment, **self.day(2, zone))
        assert look("SELECT count(*) FROM features.doubled") == [(0,)]


def test_an_interval_for_a_task_that_knows_none(workplace: Workplace) -> None:
    deployment = deployed(workplace)["deployment"]
    with pytest.raises(Exception, match="here/doubled isn't incremental"):
        made(workplace, deployment, **day(1))
    with pytest.raises(IntervalError, match="only one end"):
        made(workplace, deployment, interval_start="2013-08-01T00:00:00Z")
