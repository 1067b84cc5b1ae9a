"""Lists the data intervals for which a deployment that follows a feature table has to run batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.airflow.timetables import interval_for
from modelops.operators.ledger import LedgerOperator

if TYPE_CHECKING:
    from airflow.sdk import Context
    from psycopg import Connection

    from modelops.domain.schedules import Schedule

MOST = 500
"""Maximum batches in a DAG run; the next run processes the others. Airflow maps a task over at most 1,024."""
NO_INTERVAL: list[str | None] = [None, None]
"""The list entry of a batch without an interval."""


class WorkListOperator(LedgerOperator):
    """Lists the data intervals of the batches that a deployment has to run, as pairs of ISO 8601 times.

    If an interval is given, the list has only that one. Otherwise it has all intervals that the table has published and
    no published run of the deployment has seen. It does not depend on the asset event that started the run, since
    events may be merged or lost. If nothing is left, a run that a person triggers repeats the newest interval.

    Args:
        deployment: the deployment's number.
        schedule: the deployment's schedule, which follows a table.
        incremental: the runs are for data intervals; otherwise the list has one batch without an interval, or none.
        interval_start, interval_end: the interval that a person requests.
    """

    template_fields = ("interval_start", "interval_end")

    def __init__(
        self,
        *,
        deployment: int,
        schedule: Schedule,
        incremental: bool,
        interval_start: str | None = None,
        interval_end: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment = deployment
        self.schedule = schedule
        self.incremental = incremental
        self.interval_start: Any = interval_start
        self.interval_end: Any = interval_end

    def execute(self, context: Context) -> list[list[str | None]]:
        """List the intervals, earliest first."""
        if self.interval_start or self.interval_end:
            return [[self.interval_start, self.interval_end]]
        of_run = list(interval_for(context, self.schedule))  # set if an earlier schedule has started the run
        if self.incremental and of_run != NO_INTERVAL:
            return [of_run]
        run: Any = context["dag_run"]
        with self.connect() as connection:
            found = self._pending(connection, by_hand=str(getattr(run.run_type, "value", run.run_type)) == "manual")
        if not found:
            self.log.info("All published intervals of %s have been processed.", self.schedule.table)
        return found

    def _pending(self, connection: Connection[Any], *, by_hand: bool) -> list[list[str | None]]:
        from modelops.registry.write import work_list

        work_list.note_progress(connection, self.deployment)
        if not self.incremental:
            return [NO_INTERVAL] if by_hand or work_list.is_anything_pending(connection, self.deployment) else []
        found = work_list.pending_intervals(connection, self.deployment)
        if not found and by_hand and (newest := work_list.newest_interval(connection, self.deployment)):
            found = [newest]
        if len(found) > MOST:
            self.log.info("%s intervals are left; this run processes %s, the next run the others", len(found), MOST)
            found = work_list.least_tried(connection, self.deployment, found, MOST)
        return [[start.isoformat(), end.isoformat()] for start, end in found]
