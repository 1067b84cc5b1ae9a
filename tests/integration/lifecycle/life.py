"""Takes a model through its life without Airflow: what each stage's operator does with its use case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from factories import take, task_key
from modelops.domain.decisions import Answer, Verdict
from modelops.domain.import_requests import ModelImportRequest
from modelops.domain.job_types import JobType
from modelops.domain.requests import (
    BatchRequest,
    DeploymentRequest,
    EvaluationRequest,
    RetirementRequest,
    StatisticsRequest,
    TrainingRequest,
)
from modelops.kinds.model.compute_statistics import compute_statistics
from modelops.kinds.model.deploy import deploy
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.import_model import import_model
from modelops.kinds.model.predict_batch import predict_batch
from modelops.kinds.model.train import train
from modelops.stages.approve import decide, request_approval
from modelops.stages.retire import retire_model

if TYPE_CHECKING:
    from modelops.domain.jobs import Attempt, TaskKey
    from workplace import Workplace

MODEL = "here/scored"


def attempt_at(workplace: Workplace, type_: JobType, **values: Any) -> Attempt:
    return take(workplace.connection, values.pop("key", None) or task_key(task_id=type_), type=type_, **values)


def trained(workplace: Workplace, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    return train(TrainingRequest(model=model, **asked), workplace.job(JobType.TRAINING))


def evaluated(workplace: Workplace, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    made = trained(workplace, model, **asked)
    request = EvaluationRequest(model=model, version=made["version"])
    return evaluate(request, workplace.job(JobType.EVALUATION))


def imported(workplace: Workplace, model: str, file: str, **asked: Any) -> dict[str, Any]:
    return import_model(
        ModelImportRequest(model=model, file=file, **asked), workplace.job(JobType.MODEL_IMPORT, subject=model)
    )


def measured(workplace: Workplace, model: str, version: int | None = None, **asked: Any) -> dict[str, Any]:
    """The result of the computation of a version's statistics."""
    request = StatisticsRequest(model=model, version=version, **asked)
    return compute_statistics(request, workplace.job(JobType.COMPUTE_STATISTICS))


def evaluated_version(workplace: Workplace, model: str, version: int | None = None, **asked: Any) -> dict[str, Any]:
    """The result of the evaluation of a version."""
    request = EvaluationRequest(model=model, version=version, **asked)
    return evaluate(request, workplace.job(JobType.EVALUATION))


def answered(
    workplace: Workplace,
    version: int,
    *,
    model: str = MODEL,
    person: str = "grace",
    verdict: Verdict = Verdict.APPROVED,
    comment: str | None = None,
) -> dict[str, Any]:
    """The result of the answer that was decided on."""
    key = task_key(task_id="approve")
    request_approval(model, version, workplace.job(JobType.APPROVAL, key=key))
    return decided(workplace, key, Answer.from_fields(person, verdict, {"comment": comment}))


def decided(workplace: Workplace, key: TaskKey, answer: Answer) -> dict[str, Any]:
    """As the request does it that brings the answer, when Airflow takes it."""
    with decide(workplace.connection, key, answer) as result:
        assert result is not None
    return result


def approved(workplace: Workplace, model: str = MODEL, **asked: Any) -> int:
    """The number of a version that was approved."""
    version: int = evaluated(workplace, model, **asked)["version"]
    answered(workplace, version, model=model)
    return version


def put_into_production(workplace: Workplace, version: int | None, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    request = DeploymentRequest(model=model, version=version, **asked)
    return deploy(request, workplace.job(JobType.DEPLOYMENT))


def deployed(workplace: Workplace, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    return put_into_production(workplace, approved(workplace, model), model, **asked)


def predicted(workplace: Workplace, deployment: int, **asked: Any) -> dict[str, Any]:
    request = BatchRequest(deployment=deployment, **asked)
    return predict_batch(request, workplace.job(JobType.BATCH_PREDICTION))


def retired(workplace: Workplace, deployment: int) -> dict[str, Any]:
    return retire_model(RetirementRequest(deployment=deployment), workplace.job(JobType.RETIREMENT))


def scorer(body: str) -> str:
    """A ModelScorer with this predict()."""
    return "import numpy as np, pandas as pd\n\nclass ModelScorer:\n    def predict(self, data):\n" + "".join(
        f"        {line}\n" for line in body.strip().splitlines()
    )
