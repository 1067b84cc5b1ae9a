"""Lists the data intervals that a deployment which follows a feature table has to make, read from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from modelops.airflow.connections import url_of
from modelops.airflow.timetables import interval_for

if TYPE_CHECKING:
    from airflow.sdk import Context
    from psycopg import Connection

    from modelops.domain.schedules import Schedule

MOST = 500
"""So many batches in one DAG run; Airflow refuses to map a task over more than 1,024. The next run goes on."""
WHOLE: list[str | None] = [None, None]


class WorkListOperator(BaseOperator):
    """Lists the data intervals that a deployment's batches are to make, as pairs of ISO 8601 times.

    Given an interval, that one. Else what the table has published and no published run of the deployment has seen,
    whatever has started this run: an event of the table's asset may stand for several, or be lost. A person's run makes
    the newest interval again where nothing is left to do.

    Args:
        deployment: its number.
        schedule: that of the deployment, which follows a table.
        incremental: whether its runs are of data intervals; else the list has one batch without any, or nothing.
        interval_start, interval_end: what a person asks for.
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
        ledger_conn_id: str = "modelops",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment = deployment
        self.schedule = schedule
        self.incremental = incremental
        self.interval_start: Any = interval_start
        self.interval_end: Any = interval_end
        self.ledger_conn_id = ledger_conn_id

    def execute(self, context: Context) -> list[list[str | None]]:
        """List them, earliest first."""
        import psycopg

        from modelops.registry.translation import translated

        if self.interval_start or self.interval_end:
            return [[self.interval_start, self.interval_end]]
        of_run = list(interval_for(context, self.schedule))  # of one that an earlier schedule has started
        if self.incremental and of_run != WHOLE:
            return [of_run]
        run: Any = context["dag_run"]
        with translated(), psycopg.connect(url_of(self.ledger_conn_id), autocommit=True) as connection:
            found = self._pending(connection, by_hand=str(getattr(run.run_type, "value", run.run_type)) == "manual")
        if not found:
            self.log.info("All that %s has published is made.", self.schedule.table)
        return found

    def _pending(self, connection: Connection[Any], *, by_hand: bool) -> list[list[str | None]]:
        from modelops.registry.write import work_list

        if not self.incremental:
            return [WHOLE] if by_hand or work_list.is_anything_pending(connection, self.deployment) else []
        found = work_list.pending_intervals(connection, self.deployment)
        if not found and by_hand and (newest := work_list.newest_interval(connection, self.deployment)):
            found = [newest]
        if len(found) > MOST:
            self.log.info("%s intervals are left to do: %s now, others by the next run", len(found), MOST)
            found = work_list.least_tried(connection, self.deployment, found, MOST)
        return [[start.isoformat(), end.isoformat()] for start, end in found]
