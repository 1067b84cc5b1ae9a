"""How often flights of the same route and of the same carrier were late, over days that were over before a departure.

A flight can be late by nearly a day, so what became of those of yesterday isn't always known today. The week ends three
days before the flight: by then all have arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence


def run_task(context: Any, **_: Any) -> pd.DataFrame:
    """A row for each flight of the interval."""
    flights = context.read_pandas("flights")
    flights["day"] = pd.to_datetime(flights["day"])
    days, lag = context.properties["days"], context.properties["known_after_days"]
    asked = flights
    if context.interval.start is not None:
        asked = flights[flights["time_hour"] >= context.interval.start]
    rows = asked[["flight_id", "time_hour"]].copy()
    for name, by in (("route", ["origin", "dest"]), ("carrier", ["carrier"])):
        known = rates(flights, by, days=days, lag=lag)
        found = asked[[*by, "day"]].merge(known, how="left", on=[*by, "day"])
        rows[f"{name}_late"] = (found["late"] / found["flights"]).to_numpy()
        rows[f"{name}_flights"] = found["flights"].fillna(0).astype("int32").to_numpy()
    return rows


def rates(flights: pd.DataFrame, by: Sequence[str], *, days: int, lag: int) -> pd.DataFrame:
    """For each group and day: late flights and all flights in so many days, the last of them `lag` days before.

    Flights that never arrived say nothing.
    """
    arrived = flights.dropna(subset=["late"])
    daily = arrived.groupby([*by, "day"], observed=True)["late"].agg(["sum", "count"])
    moved = [
        daily.set_axis(daily.index.set_levels(daily.index.levels[-1] + pd.Timedelta(days=back), level=-1))
        for back in range(lag, lag + days)
    ]
    total = pd.concat(moved).groupby(level=list(range(len(by) + 1)), observed=True).sum()
    return total.rename(columns={"sum": "late", "count": "flights"}).reset_index()
