"""Airflow notifiers for waiting approvals, late batches and alerts, as environment variables list them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from modelops.domain.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk.bases.notifier import BaseNotifier

REVIEWERS_VARIABLE, LATE_VARIABLE, ALERTS_VARIABLE = (
    "MODELOPS_NOTIFIERS",
    "MODELOPS_LATE_NOTIFIERS",
    "MODELOPS_ALERT_NOTIFIERS",
)
EXPECTED = (
    'a JSON list of objects, each with the class of an Airflow notifier and its arguments: [{"notifier":'
    ' "airflow.providers.smtp.notifications.smtp.SmtpNotifier", "to": "reviewers@example.com", "subject":'
    ' "{{ task.subject }}", "html_content": "{{ review_link }}"}]'
)


def reviewer_notifiers(environ: Mapping[str, str] = os.environ) -> list[BaseNotifier]:
    """The notifiers for waiting approvals; see `notifiers`."""
    return notifiers(REVIEWERS_VARIABLE, environ)


def notifiers(variable: str, environ: Mapping[str, str] = os.environ) -> list[BaseNotifier]:
    """The notifiers that an environment variable lists; none if it isn't set.

    Raises:
        BadInput: the variable isn't a list of notifiers.
    """
    text = environ.get(variable, "").strip()
    if not text:
        return []
    try:
        listed = json.loads(text)
    except ValueError as error:
        raise _wrong(variable, f"it isn't JSON: {error}") from None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise _wrong(variable, "it isn't a list of objects")
    return [_notifier(one, variable) for one in listed]


def notifiers_by_name(variable: str, environ: Mapping[str, str] = os.environ) -> dict[str, BaseNotifier]:
    """The notifiers that an environment variable lists, by class name; a second one of a class has the suffix ` 2`.

    An entry that is inserted before another one of its class changes the name of that one.

    Raises:
        BadInput: as `notifiers`.
    """
    found: dict[str, BaseNotifier] = {}
    for notifier in notifiers(variable, environ):
        kind = f"{type(notifier).__module__}.{type(notifier).__qualname__}"
        same_class = sum(name == kind or name.startswith(f"{kind} ") for name in found)
        found[f"{kind} {same_class + 1}" if same_class else kind] = notifier
    return found


def _notifier(described: Mapping[str, Any], variable: str) -> BaseNotifier:
    from pkgutil import resolve_name

    from airflow.sdk.bases.notifier import BaseNotifier

    arguments = {name: value for name, value in described.items() if name != "notifier"}
    path = str(described.get("notifier", ""))
    try:
        kind = resolve_name(path)
    except (ImportError, ValueError, AttributeError) as error:
        raise _wrong(variable, f"there is no notifier {path!r}: {error}") from None
    if not (isinstance(kind, type) and issubclass(kind, BaseNotifier)):
        raise _wrong(variable, f"{path} is not an Airflow notifier")
    try:
        return kind(**arguments)
    except TypeError as error:
        raise _wrong(variable, f"{path} doesn't take these arguments: {error}") from None


def _wrong(variable: str, what: str) -> BadInput:
    return BadInput(what, where=variable, expected=EXPECTED)
