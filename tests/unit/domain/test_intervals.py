"""The data interval that a request names, when it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from modelops.domain.deployments import Interval
from modelops.domain.errors import IntervalError

START, END = datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(seconds=2), timedelta(minutes=1)])
def test_the_scheduler_may_be_ahead_of_the_database(ahead: timedelta) -> None:
    found = Interval.parse(START.isoformat(), END.isoformat(), where="here", now=END - ahead)
    assert found == Interval(start=START, end=END)


def test_what_is_still_to_come() -> None:
    with pytest.raises(IntervalError, match="which is in the future"):
        Interval.parse(START.isoformat(), END.isoformat(), where="here", now=END - timedelta(minutes=2))
