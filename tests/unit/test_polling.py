"""The pauses between looks, by a clock that goes on only while somebody sleeps."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modelops import polling


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(polling, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    return clock


@pytest.mark.parametrize(
    ("every", "within", "left"),
    [(2, 5, [5, 3, 1, 0]), (5, 5, [5, 0]), (9, 5, [5, 0]), (1, 0, [0]), (1, -1, [0])],
)
def test_a_look_at_once_and_one_when_the_time_is_up(
    clock: Clock, every: float, within: float, left: list[float]
) -> None:
    assert list(polling.looks(every=every, within=within)) == left
    assert clock.now == 100 + max(0, within)


def test_a_look_that_takes_longer_than_the_time(clock: Clock) -> None:
    seen = []
    for left in polling.looks(every=1, within=5):
        seen.append(left)
        clock.now += 7
    assert seen == [5, 0]


def test_no_pause_after_the_loop_has_left(clock: Clock) -> None:
    for _ in polling.looks(every=1, within=5):
        break
    assert clock.now == 100
