"""The matrix of actions: every unfinished job has an action, and each action is possible in that status."""

from __future__ import annotations

import pytest

from modelops.domain.actions import ANSWERS, Action, possible_actions
from modelops.domain.job_types import JobType
from modelops.domain.jobs import JobStatus


@pytest.mark.parametrize("status", JobStatus)
def test_what_goes_on_can_be_stopped(status: JobStatus) -> None:
    assert (Action.STOP in possible_actions(status, "model_lifecycle", JobType.TRAINING)) == (not status.is_final)


@pytest.mark.parametrize("status", JobStatus)
def test_only_an_approval_that_waits_takes_an_answer(status: JobStatus) -> None:
    answers = ANSWERS.intersection(possible_actions(status, "model_lifecycle", JobType.TRAINING))
    assert answers == (ANSWERS if status is JobStatus.AWAITING_APPROVAL else set())


@pytest.mark.parametrize("status", JobStatus)
def test_only_what_failed_or_was_stopped_is_tried_again(status: JobStatus) -> None:
    assert (Action.RETRY in possible_actions(status, "model_lifecycle", JobType.TRAINING)) == (
        status in {JobStatus.FAILED, JobStatus.CANCELLED}
    )


def test_only_what_is_a_run_of_its_own_is_run_now() -> None:
    assert Action.RUN_NOW in possible_actions(JobStatus.COMPLETED, "batch_prediction", JobType.BATCH_PREDICTION)
    assert Action.RUN_NOW in possible_actions(JobStatus.FAILED, "deployment_12", JobType.FEATURE_BATCH)
    assert Action.RUN_NOW not in possible_actions(JobStatus.COMPLETED, "deployment_12", JobType.DRIFT_CHECK)
    assert Action.RUN_NOW not in possible_actions(JobStatus.RUNNING, "batch_prediction", JobType.BATCH_PREDICTION)
    assert Action.RUN_NOW not in possible_actions(JobStatus.COMPLETED, "model_lifecycle", JobType.TRAINING)
    assert Action.RUN_NOW not in possible_actions(JobStatus.COMPLETED, "deployment_schedule", JobType.SCHEDULE_CHANGE)
