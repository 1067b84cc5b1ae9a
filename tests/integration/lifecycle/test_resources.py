"""What a model requests is checked before there is a version, pinned with it, kept in each job, and measured."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from factories import TRAINING, model_folder, take, task_key
from modelops.domain.errors import BadInput, ResourceLimitError, UnknownVersion
from modelops.domain.job_types import JobType
from modelops.domain.requests import EvaluationRequest, TrainingRequest
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.train import train
from modelops.registry.write import versions

if TYPE_CHECKING:
    from pathlib import Path

    from modelops.jobs.run import JobRun
    from workplace import Workplace

BUSY = TRAINING.replace("    rows = ", "    while True:\n        pass\n    rows = ")


def request(repository: Path, name: str, training: str = TRAINING, **resources: Any) -> None:
    folder = model_folder(repository, name, training=training)
    (folder / "config.json").write_text(json.dumps({"resources": resources}))


def training(workplace: Workplace, name: str) -> tuple[JobRun, TrainingRequest]:
    run = workplace.run(take(workplace.connection, task_key(), subject=f"here/{name}"))
    return run, TrainingRequest(model=f"here/{name}")


def test_a_request_within_the_limits_is_pinned_and_what_was_used_is_on_record(
    workplace: Workplace, repository: Path
) -> None:
    request(repository, "modest", memory="2 GiB", cpu_seconds=600)
    run, asked = training(workplace, "modest")
    made = train(asked, run)
    row = workplace.connection.execute(
        "SELECT resources, peak_memory > 0, cpu_seconds > 0 FROM modelops.version JOIN modelops.job"
        " ON job.version_id = version.id WHERE job.id = %s",
        [run.job_id],
    ).fetchone()
    assert row is not None
    values = list(row.values()) if isinstance(row, dict) else list(row)
    assert values == [{"memory": 2 * 2**30, "cpu_seconds": 600}, True, True]
    again = workplace.job(JobType.EVALUATION)
    evaluate(EvaluationRequest(model="here/modest", version=made["version"]), again)
    assert again.meter.total is not None


def test_a_job_beyond_a_limit_fails(workplace: Workplace, repository: Path) -> None:
    request(repository, "busy", BUSY, cpu_seconds=1)
    run, asked = training(workplace, "busy")
    with pytest.raises(
        ResourceLimitError, match=r"1 s of CPU time that resources.cpu_seconds in here/busy/config.json"
    ):
        train(asked, run)
    assert run.meter.total is not None


def test_a_request_above_the_maximum_makes_no_version(workplace: Workplace, repository: Path) -> None:
    request(repository, "greedy", queue="gpu", seconds=3600)
    bounded = workplace.with_installation(child_seconds=1800, queues=("large",))
    run, asked = training(bounded, "greedy")
    with pytest.raises(BadInput, match=r"(?s)resources.seconds is 3,600 s.*no queue 'gpu'.*one of large"):
        train(asked, run)
    with pytest.raises(UnknownVersion):
        versions.find(workplace.connection, "here/greedy", None)
