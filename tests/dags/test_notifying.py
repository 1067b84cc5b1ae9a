"""MODELOPS_NOTIFIERS: valid lists of notifiers, and the errors for invalid ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelops.airflow.notifying import REVIEWERS_VARIABLE as VARIABLE
from modelops.airflow.notifying import reviewer_notifiers
from modelops.domain.errors import BadInput

SMTP = "airflow.providers.smtp.notifications.smtp.SmtpNotifier"
ARGUMENTS = {"from_email": "modelops@example.com", "to": "reviewers@example.com", "subject": "{{ task.subject }}"}


def made(described: Any) -> list[Any]:
    text = described if isinstance(described, str) else json.dumps(described)
    return reviewer_notifiers({VARIABLE: text})


@pytest.mark.parametrize("environ", [{}, {VARIABLE: ""}, {VARIABLE: " \n"}, {VARIABLE: "[]"}])
def test_nobody(environ: dict[str, str]) -> None:
    assert reviewer_notifiers(environ) == []


def test_a_notifier_of_a_provider() -> None:
    [notifier] = made([{"notifier": SMTP, **ARGUMENTS, "html_content": "{{ review_link }}"}])
    assert type(notifier).__name__ == "SmtpNotifier"
    assert (notifier.to, notifier.html_content) == ("reviewers@example.com", "{{ review_link }}")
    assert {"subject", "html_content"} <= set(notifier.template_fields)


@pytest.mark.parametrize(
    ("described", "said"),
    [
        ("[{", "it isn't JSON: "),
        ({"notifier": SMTP}, "it isn't a list of objects"),
        ([SMTP], "it isn't a list of objects"),
        ([{}], "there is no notifier ''"),
        ([{"notifier": "no.such.Notifier"}], "there is no notifier 'no.such.Notifier': "),
        ([{"notifier": "airflow.sdk.Nothing"}], "there is no notifier 'airflow.sdk.Nothing': "),
        ([{"notifier": "json.loads"}], "json.loads is not an Airflow notifier"),
        ([{"notifier": SMTP, "colour": "red"}], f"{SMTP} doesn't take these arguments: "),
    ],
)
def test_what_is_wrong_is_said(described: Any, said: str) -> None:
    with pytest.raises(BadInput) as raised:
        made(described)
    assert str(raised.value).startswith(said)
    assert raised.value.where == VARIABLE
    assert "SmtpNotifier" in str(raised.value.expected)
