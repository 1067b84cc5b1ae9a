"""The report on lists of jobs, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench import reports
from bench.reports import passed, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.lists.measure import Measured

CRITERION = 0.1
"""Maximum seconds, at the 95th percentile, for the groups of requests in `JUDGED`."""
JUDGED = ("first page", "filter", "later page")
METHOD = """\
One run of `./modelops bench lists`. All services run as after `./modelops up` (embedded PostgreSQL with the runner's
settings, scheduler, observer, API server). The ledger has one job per minute up to now, of 200 DAGs, 500 models and 100
people, with five events each and run ids in Airflow's format. The task instances in Airflow's database belong to 100
other DAGs. Both databases are VACUUM ANALYZEd. One client sends sequential requests as an administrator, over one HTTP
connection: the times include the checks of the session and of permissions, the connection to the database, the JSON
response and its transfer. Each round sends all requests once; three warm-up rounds are not counted, and every fifth
round requests Airflow's list. A page has 50 rows. Airflow's list is the request of its page *Task Instances*.
"""


def render(measured: Sequence[Measured], *, jobs: int, task_instances: int) -> str:
    """The whole report."""
    by_name = {each.request.name: each for each in measured}
    worst = max((each for each in measured if each.request.group in JUDGED), key=lambda each: each.p95)
    own = by_name["Airflow's list, first page"]
    first = by_name["first page"]
    criteria = [
        (
            "Slowest first page, filter or later page, 95th percentile",
            f"{worst.p95 * 1000:.0f} ms ({worst.request.name})",
            f"≤ {CRITERION * 1000:.0f} ms",
            passed(worst.p95 <= CRITERION),
        ),
        ("First page: time relative to Airflow's", f"{first.times.median / own.times.median:.3f}", "", ""),
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
    return reports.render(
        "Lists of jobs",
        f"{jobs:,} jobs in the ledger, {task_instances:,} unrelated task instances in Airflow's database.",
        "## Result",
        table(("", "measured", "criterion", ""), criteria),
        "## Times",
        table(("", "median", "95th percentile", "requests", "rows"), lines),
        command="lists",
        method=METHOD,
    )
