"""Deadline alerts: records that a batch is late, and runs the notifiers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from modelops.airflow.connections import url_of
from modelops.airflow.notifying import LATE_VARIABLE, notifiers
from modelops.domain.declaration import Stage
from modelops.domain.errors import BadInput
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

log = logging.getLogger(__name__)


def deadline_alert(deployment: str, after: timedelta, *, batch_task: str) -> DeadlineAlert:
    """A deadline after which Airflow calls `notify_late` if a run has not succeeded within `after` of being queued.

    Args:
        batch_task: the task that publishes the batch. Tasks downstream of it may end later.
    """
    try:
        notifiers(LATE_VARIABLE)
    except BadInput as error:  # logged whenever the DAG is parsed, before the first late batch
        log.error("%s", error)  # noqa: TRY400 - the message suffices
    callback = AsyncCallback(
        notify_late, kwargs={"deployment": deployment, "after": str(after), "batch_task": batch_task}
    )
    return DeadlineAlert(reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=after, callback=callback, name="late")


async def notify_late(deployment: str, after: str, batch_task: str, context: Mapping[str, Any]) -> None:
    """Record that a batch is late, and run the notifiers. Airflow's triggerer calls this with the DAG run's context."""
    await asyncio.to_thread(_notify, deployment, after, batch_task, context["dag_run"])


def _notify(deployment: str, after: str, batch_task: str, run: Mapping[str, Any]) -> None:
    """Record that the batch is late and run the notifiers. A failure of one of these does not stop the others.

    A run whose batches are all published is not late: only a drift check is still running.
    """
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    try:
        if not _record(dag_id, run_id, after, batch_task):
            return
    except Exception:
        log.exception("could not record that %s of %s is late", run_id, dag_id)
    base = (conf.get("api", "base_url", fallback=None) or "").rstrip("/")
    late = {
        "deployment": deployment,
        "after": after,
        "dag_id": dag_id,
        "run_id": run_id,
        "link": f"{base}/dags/{dag_id}/runs/{run_id}",
    }
    for notifier in notifiers(LATE_VARIABLE):
        try:
            notifier({"late": late})
        except Exception:  # notifiers are third-party code
            log.exception("%s failed; perhaps nobody was notified that %s is late", type(notifier).__name__, run_id)


def _record(dag_id: str, run_id: str, after: str, batch_task: str) -> bool:
    """Record that the run's batches are late; False if all of them are published."""
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import jobs

    with translated(), psycopg.connect(url_of("modelops"), application_name="modelops late") as connection:
        found = [job for job in jobs.of_runs(connection, [run_id]) if job.key.dag_id == dag_id]
        for job in found:
            if job.type.stage is Stage.BATCH and not job.status.is_final:
                jobs.late(connection, job, after)
    published = [job for job in found if job.key.task_id == batch_task]
    # The ledger may not know all mapped tasks yet. The drift checks begin when all of them have ended.
    is_known = all(job.key.map_index < 0 for job in published) or any(
        job.type.stage is Stage.DRIFT and job.attempt for job in found
    )
    return not (published and is_known and all(job.status is JobStatus.COMPLETED for job in published))
