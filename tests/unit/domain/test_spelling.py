"""Suggestions of known names for a misspelt one."""

from __future__ import annotations

import pytest

from modelops.domain.spelling import did_you_mean

KNOWN = ["demo/arrival_delay", "demo/arrival_delays", "demo/departure_delay", "risk/churn"]


@pytest.mark.parametrize(
    ("given", "question"),
    [
        ("risk/chrun", ": did you mean risk/churn?"),
        ("demo/arival_delay", ": did you mean demo/arrival_delay, demo/arrival_delays or demo/departure_delay?"),
        ("something else", ""),
        ("", ""),
    ],
)
def test_a_question(given: str, question: str) -> None:
    assert did_you_mean(given, KNOWN) == question
