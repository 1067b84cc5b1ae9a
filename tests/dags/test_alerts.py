"""Notifications of alerts: who sends them, what they say, and what the API shows."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import httpx
import pytest
from airflow.sdk.bases.notifier import BaseNotifier
from psycopg.rows import dict_row

from asking import signed_in
from factories import deployed, job_on
from modelops.airflow import notifying
from modelops.domain.alerts import AlertTerms, Subject
from modelops.domain.errors import BadInput, Unavailable
from modelops.domain.job_types import JobType
from modelops.domain.labels import Truth
from modelops.operators import alerts as operators
from modelops.operators.alert_events import ALERTS_ALIAS, ALERTS_ASSET
from modelops.operators.alerts import SendNotificationsOperator
from modelops.operators.bases import CheckDriftOperator
from modelops.registry.write import alerts, jobs, performance, runs, versions
from modelops.stages.alerts import update_alerts

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from conftest import Database
    from modelops.domain.deployments import Deployment

TRUTH = Truth(name="truth", sql="SELECT 1", targets=("late",), type=None)
TERMS = AlertTerms(subject=Subject.METRIC, variable="late", metric="auc", below=0.7)
SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"


def measured(connection: Connection[Any], deployment: Deployment, value: float) -> dict[str, list[int]]:
    """What a measurement of another batch has raised and resolved."""
    version = versions.find(connection, deployment.model, deployment.version)
    batch = job_on(connection, version, JobType.BATCH_PREDICTION)
    with jobs.fenced(connection, batch):
        run = runs.begin(connection, deployment, batch, None)
        runs.publish(connection, run, rows=100, set_aside=0)
        jobs.complete(connection, batch, {"run": run})
    job = job_on(connection, version, JobType.PERFORMANCE_MEASUREMENT)
    metric = {"target": "late", "metric": "auc", "value": value, "lower": None, "upper": None}
    with jobs.fenced(connection, job):
        performance.add(connection, job, run, rows=100, labelled=100, metrics=[metric])
        found = update_alerts(connection, deployment.target, Subject.METRIC, job_id=job.job_id)
        jobs.complete(connection, job, {})
    return found


@pytest.fixture
def deployment(connection: Connection[Any]) -> Deployment:
    """A deployment with an alert rule that is firing."""
    deployment = deployed(connection, truth=TRUTH, maturity=timedelta())
    version = versions.find(connection, deployment.model, deployment.version)
    changing = job_on(connection, version, JobType.ALERT_RULE_CHANGE)
    with jobs.fenced(connection, changing):
        alerts.set_rule(connection, deployment.id, TERMS, job_id=changing.job_id)
        jobs.complete(connection, changing, {})
    measured(connection, deployment, 0.8)
    assert measured(connection, deployment, 0.65)["fired"] == [1]
    return deployment


class Sending(BaseNotifier):
    """A notifier that renders templates, as those of providers do, and keeps what it sends."""

    template_fields = ("subject", "changes", "event", "link", "statement")
    sent: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, **fields: str) -> None:
        super().__init__()
        for name in self.template_fields:
            setattr(self, name, f"{{{{ alert.{name} }}}}")
        self.fields = fields

    def notify(self, context: Any) -> None:
        assert "alert" in context
        type(self).sent.append({name: getattr(self, name) for name in self.template_fields})


class Mail(Sending):
    sent: ClassVar[list[dict[str, Any]]] = []


class Chat(Sending):
    sent: ClassVar[list[dict[str, Any]]] = []
    trouble: ClassVar[Callable[[], None] | None] = None

    def notify(self, context: Any) -> None:
        if Chat.trouble is not None:
            Chat.trouble()
        super().notify(context)


@pytest.fixture(autouse=True)
def notifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two notifiers, which have sent nothing yet."""
    for each in (Mail, Chat):
        monkeypatch.setattr(each, "sent", [])
    monkeypatch.setattr(Chat, "trouble", None)
    listed = [{"notifier": f"{__name__}.{each.__name__}"} for each in (Mail, Chat)]
    monkeypatch.setenv(notifying.ALERTS_VARIABLE, json.dumps(listed))


@pytest.fixture
def send(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Runs the operator; returns how many notifications it has sent."""
    monkeypatch.setattr("modelops.operators.ledger.url_of", lambda _: database.url("modelops_jobs"))
    return lambda: SendNotificationsOperator(task_id="send").execute({})  # type: ignore[typeddict-item]


def test_a_notification_says_what_went_from_what_to_what(
    send: Callable[[], int], deployment: Deployment, database: Database
) -> None:
    assert send() == 2
    assert Mail.sent == Chat.sent
    [alert] = Mail.sent
    assert alert["subject"] == "firing: demo/arrival_delay v1 → predictions.arrival_delay: auc of late below 0.7"
    assert alert["changes"] == "['auc of late went from 0.8 to 0.65']"
    assert alert["link"].endswith(f"/plugin/modelops/deployments/{deployment.id}/alerts")
    with database.connect("modelops_reader") as reader:
        [row] = reader.cursor(row_factory=dict_row).execute(alert["statement"]).fetchall()
    assert (row["before"], row["value"]) == (0.8, 0.65)
    assert send() == 0, "once"


def failing() -> None:
    raise ConnectionError("no network")


@pytest.mark.parametrize("trouble", [failing, threading.Event().wait], ids=["fails", "hangs"])
def test_a_notifier_that_does_not_work_tries_again(
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[[], int],
    connection: Connection[Any],
    deployment: Deployment,
    trouble: Any,
) -> None:
    monkeypatch.setattr(operators, "NOTIFIER_TIMEOUT", 0.5)
    monkeypatch.setattr(Chat, "trouble", staticmethod(trouble))
    with pytest.raises(Unavailable, match=r"could not be sent by .*Chat; they stay due"):
        send()
    assert (len(Mail.sent), len(Chat.sent)) == (1, 0)
    monkeypatch.setattr(Chat, "trouble", None)
    monkeypatch.setattr(operators, "NOTIFIER_TIMEOUT", 60)
    assert send() == 1
    assert (len(Mail.sent), len(Chat.sent)) == (1, 1)
    assert measured(connection, deployment, 0.75)["resolved"] == [1]
    assert measured(connection, deployment, 0.6)["fired"] == [2]
    assert send() == 4
    assert [alert["event"] for alert in Mail.sent] == ["firing", "resolved", "firing"]


def test_without_notifiers_nothing_is_sent(
    send: Callable[[], int], monkeypatch: pytest.MonkeyPatch, deployment: Deployment
) -> None:
    monkeypatch.delenv(notifying.ALERTS_VARIABLE)
    assert deployment
    assert send() == 0


def test_a_wrong_list_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(notifying.ALERTS_VARIABLE, '[{"notifier": "no.such.Notifier"}]')
    with pytest.raises(BadInput, match=r"there is no notifier 'no\.such\.Notifier'"):
        SendNotificationsOperator(task_id="send")


def test_notifiers_keep_their_names_when_others_are_added() -> None:
    mail = {"notifier": SMTP, "to": "a@example.com"}

    def names(*described: Any) -> list[str]:
        return list(
            notifying.notifiers_by_name(notifying.ALERTS_VARIABLE, {notifying.ALERTS_VARIABLE: json.dumps(described)})
        )

    assert names() == []
    assert names(mail) == [SMTP]
    assert names(mail, mail, mail) == [SMTP, f"{SMTP} 2", f"{SMTP} 3"]


def test_an_event_is_emitted_only_if_an_alert_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Outlet:
        emitted: Any = None

        def add(self, asset: Any) -> None:
            self.emitted = asset

    checking = CheckDriftOperator(task_id="check_drift", deployment=1)
    for result, emitted in (
        ({}, None),
        ({"alerts": {"fired": [], "resolved": []}}, None),
        ({"alerts": {"fired": [], "resolved": [1]}}, ALERTS_ASSET),
    ):
        outlet = Outlet()
        monkeypatch.setattr(checking, "as_job", lambda *_, found=result: found)
        assert checking.execute({"outlet_events": {ALERTS_ALIAS: outlet}}) == result  # type: ignore[typeddict-item]
        assert outlet.emitted == emitted


def test_the_page_shows_rules_and_alerts(
    monkeypatch: pytest.MonkeyPatch,
    send: Callable[[], int],
    connection: Connection[Any],
    deployment: Deployment,
    database: Database,
) -> None:
    ask = signed_in(database, monkeypatch)
    send()
    found = ask("GET", f"/../deployments/{deployment.id}/alerts").json()
    [rule], [alert] = found["rules"], found["alerts"]
    assert (rule["metric"], rule["below"], rule["set_by"], rule["alert_id"]) == ("auc", 0.7, "ada", alert["id"])
    assert (alert["state"], alert["resolved_at"], found["more"]) == ("firing", None, False)
    [change] = alert["found"]
    assert (change["before"], change["now"], change["target"]) == (0.8, 0.65, "late")
    with database.connect("modelops_reader") as reader:
        [row] = reader.cursor(row_factory=dict_row).execute(alert["statement"]).fetchall()
    figures = [row[name] for name in ("target", "metric", "before", "value", "lower", "upper")]
    assert figures == [change[name] for name in ("target", "metric", "before", "now", "lower", "upper")]
    assert [one["notifier"].split(".")[-1] for one in alert["notifications"]] == ["Mail", "Chat"]
    [listed] = ask("GET", "/../deployments").json()["deployments"]
    assert listed["firing"] == 1
    measured(connection, deployment, 0.75)
    [alert] = ask("GET", f"/../deployments/{deployment.id}/alerts").json()["alerts"]
    assert (alert["state"], alert["resolved_by"] is None) == ("resolved", False)
    assert ask("GET", "/../deployments").json()["deployments"][0]["firing"] == 0


def test_nothing_is_said_of_what_there_is_not(monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
    assert signed_in(database, monkeypatch)("GET", "/../deployments/99/alerts").status_code == httpx.codes.NOT_FOUND
