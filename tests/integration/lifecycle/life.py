"""Takes a model through its life without Airflow: what each stage's operator does with its use case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from factories import take, task_key
from modelops.domain.decisions import Answer, Verdict
from modelops.domain.jobs import JobType
from modelops.lifecycle.approve import ask, decide
from modelops.lifecycle.deploy import DeploymentRequest, deploy
from modelops.lifecycle.evaluate import EvaluationRequest, evaluate
from modelops.lifecycle.predict_batch import BatchRequest, predict_batch
from modelops.lifecycle.retire import retire
from modelops.lifecycle.train import TrainingRequest, train

if TYPE_CHECKING:
    from modelops.domain.jobs import Attempt, TaskKey
    from modelops.lifecycle.services import Services

MODEL = "here/scored"


def attempt_at(services: Services, type_: JobType, **values: Any) -> Attempt:
    return take(services.connection, values.pop("key", None) or task_key(task_id=type_), type=type_, **values)


def trained(services: Services, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    return train(TrainingRequest(model=model, **asked), attempt_at(services, JobType.TRAINING), services)


def evaluated(services: Services, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    made = trained(services, model, **asked)
    request = EvaluationRequest(model=model, version=made["version"])
    return evaluate(request, attempt_at(services, JobType.EVALUATION), services)


def answered(
    services: Services,
    version: int,
    *,
    model: str = MODEL,
    person: str = "grace",
    verdict: Verdict = Verdict.APPROVED,
    comment: str | None = None,
) -> dict[str, Any]:
    """The result of the answer that was decided on."""
    key = task_key(task_id="approve")
    ask(model, version, attempt_at(services, JobType.APPROVAL, key=key), services)
    return decided(services, key, Answer.given(person, verdict, {"comment": comment}))


def decided(services: Services, key: TaskKey, answer: Answer) -> dict[str, Any]:
    """As the request does it that brings the answer, when Airflow takes it."""
    with decide(services.connection, key, answer) as result:
        assert result is not None
    return result


def approved(services: Services, model: str = MODEL, **asked: Any) -> int:
    """The number of a version that was approved."""
    version: int = evaluated(services, model, **asked)["version"]
    answered(services, version, model=model)
    return version


def put_into_production(services: Services, version: int | None, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    request = DeploymentRequest(model=model, version=version, **asked)
    return deploy(request, attempt_at(services, JobType.DEPLOYMENT), services)


def deployed(services: Services, model: str = MODEL, **asked: Any) -> dict[str, Any]:
    return put_into_production(services, approved(services, model), model, **asked)


def predicted(services: Services, deployment: int, **asked: Any) -> dict[str, Any]:
    request = BatchRequest(deployment=deployment, **asked)
    return predict_batch(request, attempt_at(services, JobType.BATCH_PREDICTION), services)


def retired(services: Services, deployment: int) -> dict[str, Any]:
    return retire(deployment, None, attempt_at(services, JobType.RETIREMENT), services)


def scorer(body: str) -> str:
    """A ModelScorer with this predict()."""
    return "import numpy as np, pandas as pd\n\nclass ModelScorer:\n    def predict(self, data):\n" + "".join(
        f"        {line}\n" for line in body.strip().splitlines()
    )
