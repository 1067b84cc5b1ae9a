"""What `./modelops demo` does and shows, on the real flights and with the datasets of its model; without Airflow.

The model itself is a small one, because the fits of the demonstration's own take minutes: tests/e2e/test_demo.py.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

import airflow_home  # noqa: F401
from factories import model_folder, task_key
from integration.lifecycle.conftest import workplace_in
from modelops.domain.decisions import Answer, Verdict
from modelops.domain.job_types import JobType
from modelops.domain.requests import (
    BatchRequest,
    DeploymentRequest,
    DriftCheckRequest,
    EvaluationRequest,
    PerformanceRequest,
    RetirementRequest,
    TrainingRequest,
)
from modelops.kinds.check_drift import check_drift
from modelops.kinds.model.deploy import deploy
from modelops.kinds.model.evaluate import evaluate
from modelops.kinds.model.measure_performance import measure_performance
from modelops.kinds.model.predict_batch import predict_batch
from modelops.kinds.model.train import train
from modelops.registry.read import measurements
from modelops.registry.write import jobs
from modelops.runner.demo import FIRST_HYPERPARAMETERS, run_lifecycles
from modelops.runner.demo_report import Report
from modelops.runner.installation import Installation
from modelops.runner.steps import Steps
from modelops.settings import PROJECT_ROOT
from modelops.stages.approve import decide, request_approval
from modelops.stages.retire import retire_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from conftest import Database
    from modelops.jobs.run import JobRun
    from modelops.runner.demo_client import DagRuns
    from workplace import Workplace

JULY = {"interval_start": "2013-07-01T00:00:00-04:00", "interval_end": "2013-08-01T00:00:00-04:00"}
DAG = "demo"
LATE = {"July": 0.315, "August": 0.238, "September": 0.132}
"""The share of the flights with labels that were late."""


TRAINING = """
import pathlib

def train(context, **kwargs):
    (pathlib.Path(context.artifact_output_path) / "model.txt").write_text(str(context.read_arrow().num_rows))
"""
EVALUATION = """
import json, pathlib

def evaluate(context, **kwargs):
    metrics = {"rows": context.read_arrow().num_rows}
    (pathlib.Path(context.artifact_output_path) / "metrics.json").write_text(json.dumps(metrics))
"""
SCORING = """
import pyarrow as pa, pyarrow.compute as pc

class ModelScorer:
    frame = "arrow"

    def __init__(self, context):
        pass

    def predict(self, data):
        temp = pc.fill_null(pc.cast(data["temp"], pa.float64()), pa.scalar(70.0))
        score = pc.min_element_wise(pc.divide(temp, pa.scalar(110.0)), pa.scalar(1.0))
        return pa.table({"late": pc.cast(pc.round(score), pa.int32()), "late_probability": score})
"""
"""The warmer, the later."""
CODE = {"training": TRAINING, "evaluation": EVALUATION, "scoring": SCORING}


class WithoutAirflow:
    """The journey of the demonstration by the use cases that the tasks of its DAG runs perform.

    The features are there already: tests/e2e/test_demo.py publishes them.
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self.runs: list[str] = []
        self.predicting = 0
        """The deployment that has predicted last."""

    def version(self, title: str, made: str, dag_id: str, conf: Mapping[str, Any]) -> Mapping[str, Any]:
        if dag_id == "feature_pipeline":
            return {"deployment": 0}
        model = conf["model"]
        wanted = TrainingRequest(model=model, hyperparameters=conf["hyperparameters"], allow_dirty=True)
        version = train(wanted, self._job(JobType.TRAINING))["version"]
        evaluate(EvaluationRequest(model=model, version=version), self._job(JobType.EVALUATION))
        key = task_key(dag_id=DAG, task_id="approve")
        self.runs.append(key.run_id)
        request_approval(model, version, self._workplace.job(JobType.APPROVAL, key=key))
        with decide(self._workplace.connection, key, Answer.from_fields("grace", Verdict.APPROVED, {"comment": None})):
            pass
        return self._deployed(model=model, version=version, dataset=conf["predict_dataset"])

    def predict(self, title: str, deployment: int, interval: Mapping[str, str]) -> Mapping[str, Any]:
        self.predicting = deployment
        return predict_batch(BatchRequest(deployment=deployment, **interval), self._job(JobType.BATCH_PREDICTION))

    def run(self, title: str, dag_id: str, conf: Mapping[str, Any], *, result: str) -> Mapping[str, Any]:
        match dag_id:
            case "feature_batch":
                return {}
            case "drift_check":
                return check_drift(DriftCheckRequest(**conf), self._job(JobType.DRIFT_CHECK))
            case "model_deployment":
                terms = {name: conf[name] for name in ("model", "version", "target")}
                deployed = self._deployed(**terms)
                request = BatchRequest(deployment=deployed["deployment"])
                return predict_batch(request, self._job(JobType.BATCH_PREDICTION))
            case "model_retirement":
                return retire_model(RetirementRequest(**conf), self._job(JobType.RETIREMENT))
        raise NotImplementedError(dag_id)

    def whole_run(self, title: str, dag_id: str, conf: Mapping[str, Any]) -> None:
        assert dag_id == "model_performance"
        measure_performance(PerformanceRequest(**conf), self._job(JobType.PERFORMANCE_MEASUREMENT))

    def _deployed(self, **terms: Any) -> Mapping[str, Any]:
        return deploy(DeploymentRequest(**terms), self._job(JobType.DEPLOYMENT))

    def _job(self, type_: JobType) -> JobRun:
        key = task_key(dag_id=DAG, task_id=type_)
        self.runs.append(key.run_id)
        return self._workplace.job(type_, key=key)


@pytest.fixture
def report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Any, list[str]], str]:
    """What the demonstration prints at its end."""

    def shown(connection: Any, runs: list[str]) -> str:
        capsys.readouterr()
        Report(Installation(tmp_path / "home", environ={})).show(connection, jobs.of_runs(connection, runs))
        return capsys.readouterr().out

    return shown


def test_it_ends_with_the_drift_and_with_the_performance_of_august_and_september(
    flights: Database, tmp_path: Path, report: Callable[[Any, list[str]], str]
) -> None:
    (tmp_path / "artifacts").mkdir()
    datasets = (PROJECT_ROOT / "include/demo/model_definitions/arrival_delay/datasets.yaml").read_text()
    model_folder(
        tmp_path / "repository", "arrival_delay", datasets=datasets, hyperparameters=FIRST_HYPERPARAMETERS, **CODE
    )
    with flights.connect() as connection, flights.connect("modelops_reader") as reader:
        journey = WithoutAirflow(workplace_in(tmp_path, flights, connection, [], name="demo"))
        run_lifecycles(cast("DagRuns", journey), Steps(io.StringIO()))
        # The demonstration predicts July in no batch; its late share is the one from which September falls.
        journey.predict("July", journey.predicting, JULY)
        journey.whole_run("July measured", "model_performance", {"deployment": journey.predicting})
        text = report(reader, journey.runs)
        batches = measurements.of_target(reader, [DAG], "predictions.arrival_delay", limit=10)
    assert re.search(r"Drift in August.*temp +features +major.*in September", text, re.DOTALL), text
    assert re.search(r"in September.*late_probability +predictions +major.*Performance", text, re.DOTALL), text
    of_month = re.findall(r"v2 +(\w+) +([\d,]+) +([\d,]+) +([\d.]+)% ", text)
    assert {month: rows for month, rows, *_ in of_month} == {
        "July": "29,425",
        "August": "29,327",
        "September": "27,574",
    }
    assert {month: float(share) / 100 for month, *_, share in of_month} == pytest.approx(LATE, abs=0.0006)
    # The page "Performance" of the deployment: of the newest version, latest month first.
    rates = [
        metric["value"]
        for batch in batches
        if batch["version"] == 2
        for metric in batch["metrics"]
        if metric["metric"] == "positive_rate"
    ]
    assert rates == pytest.approx([LATE["September"], LATE["August"], LATE["July"]], abs=0.0006)
