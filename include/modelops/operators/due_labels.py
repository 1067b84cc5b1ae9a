"""Lists the deployments whose predictions are due for measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from modelops.domain.errors import BadInput, IntervalError
from modelops.domain.requests import DuePerformanceRequest
from modelops.operators.base import check_parameter_names
from modelops.operators.ledger import LedgerOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

MOST = 500
"""Maximum deployments in a DAG run; the next run measures the others. Airflow maps a task over at most 1,024."""


class DueLabelsOperator(LedgerOperator):
    """Lists arguments of a MeasurePerformanceOperator: one mapping for each deployment whose labels are due.

    Args:
        deployment: only this deployment, and its batches with missing labels too.
        interval_start, interval_end: only the batches of this data interval of the deployment.
    """

    request = DuePerformanceRequest
    template_fields = ("deployment", "interval_start", "interval_end")

    def __init__(
        self,
        *,
        deployment: int | None = None,
        interval_start: str | None = None,
        interval_end: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.deployment: Any = deployment
        self.interval_start: Any = interval_start
        self.interval_end: Any = interval_end

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """List the deployments, those that have waited longest first."""
        try:
            check_parameter_names(self.dag, context)
            self._check_interval()
        except BadInput as error:
            raise AirflowFailException(str(error)) from None  # no retry would help
        return self._list_deployments()

    def _check_interval(self) -> None:
        if self.deployment is None and (self.interval_start or self.interval_end):
            raise IntervalError(
                "an interval is given without a deployment",
                where="the parameter deployment",
                expected="the number of the deployment whose batches have this interval",
            )

    def _list_deployments(self) -> list[dict[str, Any]]:
        from modelops.registry.write import performance

        interval = {"interval_start": self.interval_start, "interval_end": self.interval_end}
        if self.deployment is not None:
            return [{"deployment": self.deployment, "also_missing": True, **interval}]
        with self.connect() as connection:
            found = performance.due_deployments(connection, most=MOST)
        if not found:
            self.log.info("No labels are due.")
        return [{"deployment": number, "also_missing": False, **interval} for number in found]
