"""What a person may do about a job, by its status: one matrix, which the page shows and the server enforces."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping


class Action(StrEnum):
    """Something that a person may do about a job."""

    STOP = "stop"
    """End it at once. Nothing is left half-written."""
    RETRY = "retry"
    """Have it done anew, and what stands behind it in its DAG run: Airflow's "clear"."""
    RUN_NOW = "run_now"
    """Ask for the same again, as a DAG run of its own."""
    APPROVE = "approve"
    REJECT = "reject"
    """Both are the answer that an approval waits for; a rejection needs a comment."""


ANSWERS = frozenset({Action.APPROVE, Action.REJECT})
REPEATABLE = re.compile(r"batch_prediction|feature_batch|deployment_[0-9]+")
"""The DAGs whose runs are one batch, with all that it needs in their Params: a batch can be requested again."""

_BY_STATUS: Mapping[JobStatus, tuple[Action, ...]] = {
    JobStatus.CREATED: (Action.STOP,),
    JobStatus.SCHEDULED: (Action.STOP,),
    JobStatus.QUEUED: (Action.STOP,),
    JobStatus.RUNNING: (Action.STOP,),
    JobStatus.AWAITING_APPROVAL: (Action.APPROVE, Action.REJECT, Action.STOP),
    JobStatus.RETRYING: (Action.STOP,),
    JobStatus.COMPLETED: (Action.RUN_NOW,),
    JobStatus.FAILED: (Action.RETRY, Action.RUN_NOW),
    JobStatus.CANCELLED: (Action.RETRY, Action.RUN_NOW),
    JobStatus.SKIPPED: (),
}


def possible(status: JobStatus, dag_id: str) -> tuple[Action, ...]:
    """What can be done about a job of this DAG, whoever asks."""
    repeatable = REPEATABLE.fullmatch(dag_id) is not None
    return tuple(action for action in _BY_STATUS[status] if action is not Action.RUN_NOW or repeatable)
