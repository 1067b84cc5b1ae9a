"""The report, in Markdown."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench.machine import commit, machine
from bench.tables import passed, table
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.lists.measure import Measured

CRITERION = 0.1
"""Seconds, at the 95th percentile, for a first page, any filter and any later page."""
JUDGED = ("first page", "filter", "later page")
METHOD = """\
One run of `./modelops bench lists`. A whole installation is up, as after `./modelops up` (embedded PostgreSQL with its
own settings, scheduler, observer, API server); its ledger has that many jobs, one each minute into the past, of 200
DAGs, 500 models and 100 people, with five events each, of runs with ids as Airflow makes them; Airflow's database has
that many task instances of 100 other DAGs. Both are VACUUM ANALYZEd. One client asks through HTTP as an administrator,
over one connection, for one thing after the other: what is measured includes the check of the session and of
permissions, the connection to the database, the answer as JSON and its way. All requests take turns, round after round;
three rounds before aren't counted, and Airflow's own list is asked for in every fifth. A page has 50 rows. Airflow's
list is what its page *Task Instances* asks for.
"""


def render(measured: Sequence[Measured], *, jobs: int, task_instances: int) -> str:
    """The whole report."""
    by_name = {each.request.name: each for each in measured}
    worst = max((each for each in measured if each.request.group in JUDGED), key=lambda each: each.p95)
    own = by_name["Airflow's list, first page"]
    first = by_name["first page"]
    criteria = [
        (
            "First page, any filter, any later page: the slowest of them at the 95th percentile",
            f"{worst.p95 * 1000:.0f} ms ({worst.request.name})",
            f"≤ {CRITERION * 1000:.0f} ms",
            passed(worst.p95 <= CRITERION),
        ),
        ("First page: the time of Airflow's", f"{first.times.median / own.times.median:.3f} times", "", ""),
    ]
    lines = [
        (
            each.request.name,
            f"{each.times.median * 1000:.1f} ms",
            f"{each.p95 * 1000:.1f} ms",
            f"{len(each.times.seconds)}",
            f"{each.rows}",
        )
        for each in measured
    ]
    parts = [
        "# Lists of jobs",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} by `./modelops bench lists`, commit {commit(PROJECT_ROOT)}.",
        f"{jobs:,} jobs in the ledger, {task_instances:,} unrelated task instances in Airflow's database.",
        "## Result",
        table(("", "measured", "criterion", ""), criteria),
        "## Times",
        table(("", "median", "95th percentile", "times asked", "rows"), lines),
        "## Machine",
        table(("", ""), machine().items()),
        "## How it is measured",
        METHOD.rstrip(),
    ]
    return "\n\n".join(parts) + "\n"
