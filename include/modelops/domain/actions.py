"""Defines which actions a person may take on a job, by its status. The page shows them and the server enforces them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from modelops.domain.declaration import Stage
from modelops.domain.jobs import JobStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.domain.job_types import JobType


class Action(StrEnum):
    """An action that a person may take on a job."""

    STOP = "stop"
    """End the job at once. Nothing is left half-written."""
    RETRY = "retry"
    """Run the job and the tasks downstream of it again: Airflow's "clear"."""
    RUN_NOW = "run_now"
    """Request the same batch again, as a new DAG run."""
    APPROVE = "approve"
    REJECT = "reject"
    """Approve and reject are the answers to an approval; a rejection needs a comment."""


ANSWERS = frozenset({Action.APPROVE, Action.REJECT})
REPEATABLE = re.compile(r"batch_prediction|feature_batch|deployment_[0-9]+")
"""The ids of DAGs that run a single batch defined by their Params, so that the batch can be requested again. The drift
check in such a run can't be: the request would make the batch again, too."""

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


def possible_actions(status: JobStatus, dag_id: str, job_type: JobType) -> tuple[Action, ...]:
    """The actions on a job of this DAG and type, regardless of the person's permissions."""
    repeatable = job_type.stage is Stage.BATCH and REPEATABLE.fullmatch(dag_id) is not None
    return tuple(action for action in _BY_STATUS[status] if action is not Action.RUN_NOW or repeatable)
