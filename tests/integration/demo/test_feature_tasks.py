"""The demonstration's feature tasks on the real flights: what they give, and that they know nothing of the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from modelops.data.query import columns_of, inspection_connection, set_interval
from modelops.repository.task_definition import read_task
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from conftest import Database

FOLDER = PROJECT_ROOT / "include" / "demo" / "feature_engineering_tasks"
TASKS = {name: read_task(FOLDER / name, f"demo/{name}") for name in ("flight_features", "delay_rates")}
DAY = datetime(2013, 3, 20, 4, tzinfo=UTC)
"""Midnight in New York."""
IntervalBounds = tuple[datetime | None, datetime | None]
ALL_TIMES: IntervalBounds = (None, None)


def test_what_the_sql_gives_is_what_is_declared(flights: Database) -> None:
    task = TASKS["flight_features"]
    assert task.sql is not None
    with inspection_connection(flights.url("modelops_features")) as connection:
        given = columns_of(connection, task.sql, where="the test", interval=ALL_TIMES)
        assert [(column.name, column.sql_type) for column in given] == list(task.columns.items())
        set_interval(connection, ALL_TIMES)
        counted = f"SELECT count(*), count(DISTINCT flight_id), count(time_hour) FROM ({task.sql}) AS it"
        assert connection.execute(counted.encode()).fetchone() == (336_776, 336_776, 336_776)


@pytest.fixture
def delay_rates(flights: Database) -> Callable[..., pd.DataFrame]:
    """Runs the function of the task `delay_rates` on what its input gives; `change` may alter that before."""
    import pandas as pd

    task = TASKS["delay_rates"]
    code: dict[str, Any] = {}
    exec(compile(Path(FOLDER / "delay_rates" / "task.py").read_text(), "task.py", "exec"), code)

    def run(ends: IntervalBounds, change: Callable[[pd.DataFrame], None] = lambda _: None) -> pd.DataFrame:
        with inspection_connection(flights.url("modelops_sql")) as connection:
            set_interval(connection, ends)
            cursor = connection.execute(task.inputs["flights"].encode())
            rows = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])
        rows["time_hour"] = pd.to_datetime(rows["time_hour"], utc=True)
        change(rows)
        context = SimpleNamespace(
            read_pandas=lambda _: rows,
            properties=task.properties,
            interval=SimpleNamespace(start=ends[0], end=ends[1]),
        )
        made: pd.DataFrame = code["run_task"](context).sort_values("flight_id", ignore_index=True)
        return made

    return run


def test_a_day_of_delay_rates_is_as_in_the_whole_year(delay_rates: Callable[..., pd.DataFrame]) -> None:
    import pandas as pd

    whole = delay_rates(ALL_TIMES)
    assert len(whole) == 336_776
    day = delay_rates((DAY, DAY + timedelta(days=1)))
    assert len(day) == 970
    same = whole[whole["flight_id"].isin(day["flight_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(day, same)
    assert day["carrier_flights"].min() > 0
    assert 0 < day["route_late"].mean() < 1


def test_delay_rates_know_nothing_of_the_two_days_before_nor_of_later(delay_rates: Callable[..., pd.DataFrame]) -> None:
    """Whatever becomes of flights that may not have arrived yet, the rates of a day are the same."""
    import pandas as pd

    def all_late(rows: pd.DataFrame) -> None:
        rows.loc[pd.to_datetime(rows["day"]) >= pd.Timestamp(2013, 3, 18), "late"] = 1

    ends = (DAY, DAY + timedelta(days=1))
    pd.testing.assert_frame_equal(delay_rates(ends), delay_rates(ends, all_late))

    def late_before(rows: pd.DataFrame) -> None:
        rows.loc[pd.to_datetime(rows["day"]) == pd.Timestamp(2013, 3, 17), "late"] = 1

    assert not delay_rates(ends)["carrier_late"].equals(delay_rates(ends, late_before)["carrier_late"])
