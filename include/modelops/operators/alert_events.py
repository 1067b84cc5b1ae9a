"""Reports that an alert was raised or resolved, as an event of an Airflow asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import Asset, AssetAlias

from modelops.operators.base import JobOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context

ALERTS_ALIAS = AssetAlias("modelops-alerts")
"""The outlet of tasks that may raise or resolve alerts. Airflow resolves it to `ALERTS_ASSET` if they have."""
ALERTS_ASSET = Asset(name="modelops-alerts", uri="modelops://alerts")
"""Its events start the DAG that sends notifications. The ledger lists the notifications that are due."""


class AlertingOperator(JobOperator):
    """A job that may raise or resolve alerts."""

    arguments: ClassVar[Mapping[str, Any]] = {"outlets": [ALERTS_ALIAS]}

    def execute(self, context: Context) -> dict[str, Any]:
        """Perform the job, and emit an event if an alert has changed.

        A retry that finds the job completed emits the event, because the lost attempt may not have.
        """
        result = super().execute(context)
        if any(result.get("alerts", {}).values()):
            context["outlet_events"][ALERTS_ALIAS].add(ALERTS_ASSET)
        return result
