"""What the demonstration prints at its end."""

from __future__ import annotations

from modelops.runner.demo_report import _compared


def test_metrics_that_differ_look_different() -> None:
    assert _compared([0.000031, 0.000012, None]) == ["0.000031", "0.000012", "None"]
