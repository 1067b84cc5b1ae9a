"""DAGs whose tasks come into every state that the observer reads. The classes have the names of our operators."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

PAGED = 105
"""More tasks than one page of an answer has."""


class TrainModelOperator(BaseOperator):
    def __init__(self, *, does: str = "wait", part: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.does, self.part = does, part

    def execute(self, context: Context) -> None:
        first = context["ti"].try_number == 1
        match self.does:
            case "skip":
                raise AirflowSkipException("as asked")
            case "fail":
                raise AirflowFailException("as asked")
            case "fail once" if first:
                raise AirflowFailException("as asked")
            case "retry" | "retry once" if first:
                raise ValueError("as asked")
            case "defer":
                self.defer(trigger=TimeDeltaTrigger(timedelta(days=1)), method_name="execute")
            case "lose":
                os.kill(os.getppid(), signal.SIGKILL)
                os._exit(1)
        while self.does != "end":
            time.sleep(1)


class ApproveModelOperator(HITLOperator):
    pass


with DAG("recorded_states", schedule=None, params={"model": "demo/recorded"}):
    running = TrainModelOperator(task_id="running")
    for task_id in ("marked_success", "marked_failed"):
        TrainModelOperator(task_id=task_id)
    for task_id, does in {"completed": "end", "skipped": "skip", "lost": "lose", "deferred": "defer"}.items():
        TrainModelOperator(task_id=task_id, does=does)
    TrainModelOperator(task_id="retrying", does="retry", retries=1, retry_delay=timedelta(hours=1))
    TrainModelOperator(task_id="second_try", does="retry once", retries=1, retry_delay=timedelta(0))
    failed = TrainModelOperator(task_id="failed", does="fail")
    failed >> TrainModelOperator(task_id="upstream_failed")
    TrainModelOperator(task_id="scheduled", pool="closed")
    ApproveModelOperator(task_id="asking", subject="Approve?", options=["Approve", "Reject"])
    TrainModelOperator.partial(task_id="mapped", does="skip").expand(part=[1, 2, 3])
    running >> TrainModelOperator.partial(task_id="unexpanded", does="end").expand(part=running.output)

with DAG("recorded_chain", schedule=None, params={"model": "demo/recorded"}):
    EmptyOperator(task_id="extract") >> TrainModelOperator(task_id="train", does="fail once")

with DAG("recorded_wait", schedule=None, params={"model": "demo/recorded"}):
    TrainModelOperator(task_id="train")

with DAG("recorded_pages", schedule=None, params={"model": "demo/recorded"}):
    TrainModelOperator.partial(task_id="part", pool="closed").expand(part=list(range(PAGED)))

with DAG("recorded_short", schedule=None, max_active_runs=200):
    EmptyOperator(task_id="nothing")
