"""Alert rules: what makes them true, what resolves their alerts, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from factories import doubled_folder
from integration.lifecycle.alerting import NOTHING, after_a_batch, live, ruled, snoozed
from integration.lifecycle.features import life as features
from integration.lifecycle.labels import DAYS, OBSERVED, OF_INTERVAL, deployed, measured
from integration.lifecycle.life import predicted, put_into_production, retired
from integration.lifecycle.test_drift_check import checked
from modelops.domain.alert_requests import AlertRuleEndRequest, AlertSnoozeRequest
from modelops.domain.alerts import AlertEvent
from modelops.domain.errors import AlertError, UnknownDeployment
from modelops.domain.job_types import JobType
from modelops.kinds.alert_rules import end_rule, snooze
from modelops.registry.write import alerts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Database
    from workplace import Workplace


SPREAD = OF_INTERVAL.replace("id * interval '1 hour'", "(id * 37 % 100) * interval '43 minutes'")
"""Rows of three days, alike in each of them."""


@pytest.fixture(scope="module")
def lives() -> Callable[[Workplace, Path], None]:
    """As in `alerting`."""
    return live


def test_an_alert_fires_and_is_resolved(
    workplace: Workplace, shift: Callable[[str, float], None], look: Any, database: Database
) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    rule = ruled(workplace, deployment)
    assert rule["says"] == "drift of any feature, verdict moderate or higher, beyond natural variation"
    assert after_a_batch(workplace, deployment) == NOTHING

    shift("x", 50)
    [number] = after_a_batch(workplace, deployment)["fired"]
    assert after_a_batch(workplace, deployment) == NOTHING, "it is firing"
    alert = alerts.find_alert(workplace.connection, number)
    [change] = alert.changes
    assert change.startswith("feature x: major, as if shifted by ")
    assert change.endswith("; above 10: 0.0% → 100.0% of the rows")
    with database.connect("modelops_reader") as reader:
        [row] = reader.cursor(row_factory=dict_row).execute(alert.statement).fetchall()
    [found] = alert.found
    assert {name: row[name] for name in ("variable", "verdict", "psi", "shift")} == {
        name: found[name] for name in ("variable", "verdict", "psi", "shift")
    }
    assert row["most_moved"][0] == {name: found[name] for name in ("bin", "before", "now")}

    shift("x", -50)
    assert after_a_batch(workplace, deployment) == {"fired": [], "resolved": [number]}
    [(run,)] = look(f"SELECT resolved_run FROM modelops.alert WHERE id = {number}")
    assert look("SELECT max(id) FROM modelops.batch_run") == [(run,)]
    shift("x", 50)
    assert after_a_batch(workplace, deployment)["fired"] == [number + 1]


def test_one_column_in_a_row(workplace: Workplace, shift: Callable[[str, float], None]) -> None:
    """Another column each time is no row of checks, and another column is not the one of the rule."""
    deployment = put_into_production(workplace, 1)["deployment"]
    ruled(workplace, deployment, checks=2)
    ruled(workplace, deployment, variable="y", level="major")
    shift("x", 50)
    assert after_a_batch(workplace, deployment) == NOTHING
    shift("x", -50)
    shift("y", 1000)
    [of_y] = after_a_batch(workplace, deployment)["fired"]
    [in_a_row] = after_a_batch(workplace, deployment)["fired"]
    assert [one["variable"] for one in alerts.find_alert(workplace.connection, in_a_row).found] == ["y"]
    shift("y", -1000)
    assert after_a_batch(workplace, deployment)["resolved"] == [in_a_row, of_y]


def test_a_rule_that_is_true_fires_at_once(workplace: Workplace, shift: Callable[[str, float], None]) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    shift("x", 50)
    assert after_a_batch(workplace, deployment) == NOTHING
    [number] = ruled(workplace, deployment, subject="predictions")["alerts"]["fired"]
    found = alerts.find_alert(workplace.connection, number).found
    assert {one["variable"] for one in found} == {"late", "late_probability"}


def test_a_check_without_a_verdict_changes_nothing(
    workplace: Workplace, shift: Callable[[str, float], None], database: Database
) -> None:
    deployment = put_into_production(workplace, 1, dataset="SELECT id, x, y FROM measured WHERE id > 0")["deployment"]
    ruled(workplace, deployment, variable="x")
    shift("x", 50)
    [number] = after_a_batch(workplace, deployment)["fired"]
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE measured SET x = x - 50, id = CASE WHEN id > 20 THEN -id ELSE id END")
    assert after_a_batch(workplace, deployment) == NOTHING, "twenty rows are too few"
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE measured SET id = abs(id)")
    assert after_a_batch(workplace, deployment)["resolved"] == [number]


def test_the_latest_data_intervals_count(workplace: Workplace, shift: Callable[[str, float], None]) -> None:
    """A batch of an earlier interval, made later, neither fires nor resolves."""
    deployment = put_into_production(workplace, 1, dataset=SPREAD)["deployment"]
    ruled(workplace, deployment, variable="x")
    first, second, third = DAYS
    shift("x", 50)
    [number] = after_a_batch(workplace, deployment, **second)["fired"]
    shift("x", -50)
    assert after_a_batch(workplace, deployment, **first) == NOTHING
    assert after_a_batch(workplace, deployment, **third)["resolved"] == [number]
    shift("x", 50)
    assert after_a_batch(workplace, deployment, **first) == NOTHING


def test_an_interval_that_is_made_again_counts_as_it_was_until_it_is_checked(
    workplace: Workplace, shift: Callable[[str, float], None]
) -> None:
    deployment = put_into_production(workplace, 1, dataset=SPREAD)["deployment"]
    ruled(workplace, deployment, variable="x")
    first, second, _ = DAYS
    shift("x", 50)
    after_a_batch(workplace, deployment, **first)
    shift("x", -50)
    after_a_batch(workplace, deployment, **second)
    shift("x", 50)
    for day in (first, second):
        predicted(workplace, deployment, **day)
    shift("x", -50)
    assert checked(workplace, deployment, **first)[1]["alerts"] == NOTHING, "the second is the latest, and was stable"
    assert checked(workplace, deployment, **second)[1]["alerts"]["fired"] == [2]


def test_a_check_without_a_verdict_on_the_column_is_skipped(
    workplace: Workplace, shift: Callable[[str, float], None], database: Database
) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    shift("x", 50)
    jobs = []
    for _ in range(3):
        predicted(workplace, deployment)
        jobs.append(checked(workplace, deployment)[0])
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SET session_replication_role = replica")
        unknown = "UPDATE modelops.drift SET verdict = 'not_enough_rows' WHERE job_id = %s AND variable = 'x'"
        admin.execute(unknown, (jobs[1],))
    assert ruled(workplace, deployment, variable="x", checks=3)["alerts"] == NOTHING
    assert len(ruled(workplace, deployment, variable="x", checks=2)["alerts"]["fired"]) == 1, "the first and the third"


@pytest.fixture
def observed(database: Database) -> Callable[[str], None]:
    """Labels arrive, by SQL."""
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("CREATE TABLE observed (id int, late int)")
        admin.execute("GRANT SELECT ON observed TO modelops_sql, modelops_reader")

    def arrive(label: str) -> None:
        with psycopg.connect(database.admin_url) as admin:
            admin.execute("TRUNCATE observed")
            admin.execute(f"INSERT INTO observed SELECT id, {label} FROM measured")

    return arrive


def test_a_metric_beyond_a_bound(workplace: Workplace, observed: Callable[[str], None], database: Database) -> None:
    deployment = deployed(workplace)
    rule = ruled(workplace, deployment, subject="metric", metric="positive_rate", above=0.8)
    ruled(workplace, deployment, subject="metric", metric="positive_rate", above=0.8, checks=2)
    assert rule["says"] == "positive_rate of late above 0.8"
    with pytest.raises(AlertError, match="already has this rule"):
        ruled(workplace, deployment, subject="metric", metric="positive_rate", above=0.8, beyond_natural=False)
    predicted(workplace, deployment)
    observed("late")
    assert measured(workplace, deployment)[1]["alerts"] == NOTHING
    predicted(workplace, deployment)
    observed("1")
    [number] = measured(workplace, deployment)[1]["alerts"]["fired"]
    alert = alerts.find_alert(workplace.connection, number)
    [found] = alert.found
    assert found["before"] == 0.5 < 0.8 < found["lower"] < found["now"] == found["upper"] == 1
    assert alert.changes[0].startswith("positive_rate of late went from 0.5 to 1 (95 % interval 0.9")
    with database.connect("modelops_reader") as reader:
        [row] = reader.cursor(row_factory=dict_row).execute(alert.statement).fetchall()
    assert (row["value"], row["lower"], row["upper"]) == (found["now"], found["lower"], found["upper"])
    predicted(workplace, deployment)
    assert len(measured(workplace, deployment)[1]["alerts"]["fired"]) == 1, "twice in a row"
    predicted(workplace, deployment)
    observed("late")
    assert measured(workplace, deployment)[1]["alerts"]["resolved"] == [number, number + 1]


def test_a_metric_of_intervals_whose_first_batch_had_no_labels(
    workplace: Workplace, observed: Callable[[str], None]
) -> None:
    before = put_into_production(workplace, 1, dataset=SPREAD)["deployment"]
    predicted(workplace, before, **DAYS[0])
    deployment = deployed(workplace, dataset=SPREAD)
    ruled(workplace, deployment, subject="metric", metric="positive_rate", above=0.8)
    predicted(workplace, deployment, **DAYS[0])
    observed("1")
    assert len(measured(workplace, deployment)[1]["alerts"]["fired"]) == 1


def test_the_next_deployment_takes_the_rules_over(
    workplace: Workplace, shift: Callable[[str, float], None], look: Any
) -> None:
    first = put_into_production(workplace, 1)["deployment"]
    ruled(workplace, first, checks=3)
    ended = ruled(workplace, first, variable="x")["rule"]
    end_rule(AlertRuleEndRequest(rule=ended), workplace.job(JobType.ALERT_RULE_CHANGE))
    second = put_into_production(workplace, 2)
    assert second["alert_rules"] == 1
    found = look("SELECT deployment_id, checks, continues, set_by, is_open FROM modelops.alert_rule_state ORDER BY id")
    assert found == [
        (first, 3, None, "ada", False),
        (first, 1, None, "ada", False),
        (second["deployment"], 3, 1, "ada", True),
    ]
    shift("x", 50)
    retired(workplace, second["deployment"])
    with pytest.raises(UnknownDeployment, match="was retired"):
        ruled(workplace, second["deployment"])


def test_feature_tasks_have_rules_too(workplace: Workplace, repository: Path, database: Database) -> None:
    doubled_folder(repository)
    deployment = features.deployed(workplace)["deployment"]
    with pytest.raises(AlertError, match="has no predictions that a drift check compares"):
        ruled(workplace, deployment, subject="predictions")
    with pytest.raises(AlertError, match="has no labels, so it has no metrics"):
        ruled(workplace, deployment, subject="metric", metric="auc", below=0.5)
    ruled(workplace, deployment, variable="twice")
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE measured SET x = x + 1000")
    features.made(workplace, deployment)
    assert len(checked(workplace, deployment)[1]["alerts"]["fired"]) == 1


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"variable": "xx"}, "compares no column 'xx'", "one of x, y"),
    ({"subject": "predictions", "variable": "x"}, "compares no column 'x'", "one of late, late_probability"),
    ({"metric": "auc"}, "a rule for features has no metric", "a level, or the subject metric"),
    ({"subject": "predictions", "below": 0.5}, "a rule for predictions has no metric", "a level"),
    ({"subject": "metric", "metric": "auc"}, "needs a metric and one bound", "a finite number for either"),
    ({"subject": "metric", "below": 0.5}, "needs a metric and one bound", "the name of a metric"),
    (
        {"subject": "metric", "metric": "auc", "below": 0.5, "above": 0.6},
        "needs a metric and one bound",
        "either below",
    ),
    ({"subject": "metric", "metric": "auc", "below": float("nan")}, "needs a metric and one bound", "a finite number"),
    ({"subject": "metric", "metric": "auc", "below": 0.5, "level": "major"}, "a metric has no level", "below or above"),
    ({"subject": "metric", "metric": "acu", "below": 0.5}, "there is no metric 'acu'", "accuracy, auc, brier"),
    ({"subject": "metric", "metric": "auc", "below": 0.5, "variable": "x"}, "'x' is not a target", "one of late"),
    ({"challenger": True, "most_a_month": 0}, "0 a month, is out of range", "1 to 31 challengers"),
    ({"challenger": True, "cool_down_days": 0.5}, "0.5 days between challengers", "1 to 366 days"),
    ({"checks": 31}, "31 consecutive data intervals are out of range", "from 1 to 30"),
]


@pytest.mark.usefixtures("observed")
def test_wrong_rules_are_refused(workplace: Workplace, look: Any) -> None:
    deployment = put_into_production(workplace, 1, truth=OBSERVED)["deployment"]
    for asked, what, right in WRONG:
        with pytest.raises(AlertError, match=what) as raised:
            ruled(workplace, deployment, **asked)
        assert right in str(raised.value.expected), asked
    assert look("SELECT count(*) FROM modelops.alert_rule") == [(0,)]


def test_an_unknown_deployment_has_no_rules(workplace: Workplace) -> None:
    with pytest.raises(UnknownDeployment, match="there is no deployment 99"):
        ruled(workplace, 99)


def test_a_feature_that_the_model_ignores_has_no_rules(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1, "here/ignoring")["deployment"]
    with pytest.raises(AlertError, match="compares no column 'y'"):
        ruled(workplace, deployment, variable="y")


def test_a_rule_is_set_and_ended_once(workplace: Workplace) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    rule = ruled(workplace, deployment)["rule"]
    with pytest.raises(AlertError, match=f"already has this rule: number {rule}"):
        ruled(workplace, deployment)
    with pytest.raises(AlertError, match="there is no alert rule 99"):
        end_rule(AlertRuleEndRequest(rule=99), workplace.job(JobType.ALERT_RULE_CHANGE))
    end_rule(AlertRuleEndRequest(rule=rule), workplace.job(JobType.ALERT_RULE_CHANGE))
    with pytest.raises(AlertError, match=f"alert rule {rule} has ended"):
        end_rule(AlertRuleEndRequest(rule=rule), workplace.job(JobType.ALERT_RULE_CHANGE))
    with pytest.raises(AlertError, match=f"alert rule {rule} has ended"):
        snooze(AlertSnoozeRequest(rule=rule), workplace.job(JobType.ALERT_RULE_CHANGE))
    assert ruled(workplace, deployment)["rule"] > rule


def due(workplace: Workplace, *notifiers: str) -> list[tuple[int, str, str]]:
    return [
        (number, str(event), name)
        for name in notifiers
        for number, event in alerts.due_notifications(workplace.connection, name, most=9)
    ]


def test_notifications_are_due_once_and_after_a_snooze(
    workplace: Workplace, shift: Callable[[str, float], None], database: Database
) -> None:
    deployment = put_into_production(workplace, 1)["deployment"]
    rule = ruled(workplace, deployment, variable="x")["rule"]
    shift("x", 50)
    [number] = after_a_batch(workplace, deployment)["fired"]
    assert due(workplace, "mail", "chat") == [(number, "firing", "mail"), (number, "firing", "chat")]
    alerts.record_sent(workplace.connection, number, AlertEvent.FIRING, "mail")
    assert due(workplace, "mail", "chat") == [(number, "firing", "chat")]

    result = snoozed(workplace, rule, datetime.now(UTC) + timedelta(days=2))
    assert result["until"] is not None
    assert due(workplace, "mail", "chat") == []
    with psycopg.connect(database.admin_url) as admin:  # the time has come
        admin.execute("SET session_replication_role = replica")
        admin.execute("UPDATE modelops.alert_snooze SET until = clock_timestamp()")
    assert due(workplace, "mail") == [(number, "firing", "mail")], "it is firing after the snooze"
    alerts.record_sent(workplace.connection, number, AlertEvent.FIRING, "mail")
    assert due(workplace, "mail") == []

    snoozed(workplace, rule, datetime.now(UTC) + timedelta(days=2))
    snoozed(workplace, rule, None)
    assert due(workplace, "mail") == [(number, "firing", "mail")], "it is firing after the snooze was ended"
    alerts.record_sent(workplace.connection, number, AlertEvent.FIRING, "mail")
    snoozed(workplace, rule, datetime.now(UTC) + timedelta(days=2))
    shift("x", -50)
    assert after_a_batch(workplace, deployment)["resolved"] == [number]
    assert due(workplace, "mail", "chat") == []
    assert snoozed(workplace, rule, None)["until"] is None
    assert due(workplace, "mail", "chat") == [(number, "resolved", "mail")], "the other one has sent no beginning"
    alerts.record_sent(workplace.connection, number, AlertEvent.RESOLVED, "mail")
    assert due(workplace, "mail", "chat") == []


def test_wrong_snoozes_are_refused(workplace: Workplace, look: Any) -> None:
    rule = ruled(workplace, put_into_production(workplace, 1)["deployment"])["rule"]
    wrong: list[tuple[datetime | str, str]] = [
        ("2013-08-01T00:00:00Z", "is in the past"),
        ("2013-08-01T00:00:00", "has no time zone"),
        ("tomorrow", "'tomorrow' is not a time"),
        (datetime.now(UTC) + timedelta(days=400), "is more than 366 days away"),
    ]
    for until, what in wrong:
        with pytest.raises(AlertError, match=what):
            snoozed(workplace, rule, until)
    assert look("SELECT count(*) FROM modelops.alert_snooze") == [(0,)]
