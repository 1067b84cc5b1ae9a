"""The Airflow that the observer reads in these tests: recorded answers, or with `--record-airflow` a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.observer.replay import Replay, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.observer.recording import Live


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live | None]:
    if not request.config.getoption("--record-airflow"):
        yield None
        return
    from integration.observer.recording import live_airflow

    with live_airflow(tmp_path_factory.mktemp("recorded")) as airflow:
        yield airflow


@pytest.fixture
def airflow(live: Live | None) -> Iterator[Replay | Live]:
    """Comes to the moments that a test names."""
    if live is not None:
        yield live
        live.end()
        return
    with serving() as replay:
        yield replay


@pytest.fixture
def replay(live: Live | None) -> Iterator[Replay]:
    """Recorded answers, and what a real Airflow can't be brought to."""
    if live is not None:
        pytest.skip("nothing to record")
    with serving() as replay:
        yield replay
