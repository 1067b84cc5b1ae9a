"""What a stage can be asked for is declared once: operators, forms and use cases agree with it."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG

from modelops.domain import alert_requests, import_requests, requests
from modelops.domain.errors import UnknownParameter
from modelops.domain.job_types import OPERATORS
from modelops.domain.parameters import parameters_of
from modelops.operators.alerts import EndAlertRuleOperator, SetAlertRuleOperator, SnoozeAlertOperator
from modelops.operators.approval import ApproveFeatureTaskOperator, ApproveModelOperator
from modelops.operators.base import JobOperator, check_parameter_names
from modelops.operators.bases import ChangeScheduleOperator, CheckDriftOperator
from modelops.operators.connections import CheckConnectionsOperator
from modelops.operators.due_labels import DueLabelsOperator
from modelops.operators.feature import (
    DeployFeatureTaskOperator,
    ExecuteFeatureBatchOperator,
    ImportFeatureTaskOperator,
    RetireFeatureTaskOperator,
    RunFeatureTaskOperator,
)
from modelops.operators.model import (
    ComputeStatisticsOperator,
    DeployModelOperator,
    EvaluateModelOperator,
    ImportModelOperator,
    MeasurePerformanceOperator,
    PredictBatchOperator,
    PredictPartOperator,
    PublishBatchOperator,
    RetireModelOperator,
    TrainModelOperator,
)

CLASSES = [
    ApproveFeatureTaskOperator,
    ApproveModelOperator,
    ChangeScheduleOperator,
    CheckConnectionsOperator,
    CheckDriftOperator,
    ComputeStatisticsOperator,
    DeployFeatureTaskOperator,
    DeployModelOperator,
    EndAlertRuleOperator,
    EvaluateModelOperator,
    ExecuteFeatureBatchOperator,
    ImportFeatureTaskOperator,
    ImportModelOperator,
    MeasurePerformanceOperator,
    PredictBatchOperator,
    PredictPartOperator,
    PublishBatchOperator,
    RetireFeatureTaskOperator,
    RetireModelOperator,
    RunFeatureTaskOperator,
    SetAlertRuleOperator,
    SnoozeAlertOperator,
    TrainModelOperator,
]
OTHERS = {"predict_now"}
"""Parameters of DAGs that no request has."""
PERFORMING = [each for each in CLASSES if "use_case" in vars(each)]
EACH = pytest.mark.parametrize("operator", CLASSES, ids=lambda each: each.__name__)


def names_of(request: type) -> list[str]:
    return [each.name for each in parameters_of(request)]


def test_these_are_all() -> None:
    assert {each.__name__ for each in CLASSES} == set(OPERATORS)


@EACH
def test_an_operator_takes_and_templates_what_its_request_has(operator: type[JobOperator]) -> None:
    names = names_of(operator.request)
    assert set(names) <= set(operator.template_fields)
    taken = inspect.signature(operator.__init__).parameters
    assert set(names) <= set(taken)
    for each in parameters_of(operator.request):
        assert (taken[each.name].default is inspect.Parameter.empty) == each.is_required
        assert f"{each.name}: {each.title}" in (operator.__doc__ or "")


@EACH
def test_an_operator_keeps_what_it_is_given_for_the_ledger_and_the_use_case(operator: type[JobOperator]) -> None:
    values: dict[str, Any] = {name: name for name in names_of(operator.request)}
    values |= {each.name: {} for each in parameters_of(operator.request) if each.holds or each.default == {}}
    made = operator(task_id="one", **values)
    assert made.parameters() == values
    assert set(made.reusable_if() or {}) == set(operator.reuse_key)
    request = made.build_request()
    assert type(request) is operator.request
    assert {name: values[name] for name in names_of(operator.request) if values[name] != {}}.items() <= vars(
        request
    ).items()


@EACH
def test_an_operator_says_what_is_missing(operator: type[JobOperator]) -> None:
    required = [each.name for each in parameters_of(operator.request) if each.is_required]
    if required:
        with pytest.raises(TypeError, match=f"missing keyword argument.*{required[0]}"):
            operator(task_id="one")
    with pytest.raises(TypeError, match="nonsense"):
        operator(task_id="one", **dict.fromkeys(required, 1), nonsense=1)


def test_an_operator_can_be_mapped_over_its_parameters() -> None:
    with DAG(dag_id="mapped", schedule=None):
        each = PredictPartOperator.partial(task_id="predict", deployment=1, parts=2).expand(part=[0, 1])
        with pytest.raises(TypeError, match="nonsense"):
            PredictPartOperator.partial(task_id="other", deployment=1, nonsense=2)
    assert each.operator_class is PredictPartOperator


@pytest.mark.parametrize(
    "operator", [each for each in CLASSES if hasattr(each, "use_case")], ids=lambda each: each.__name__
)
def test_a_use_case_gets_the_request(operator: type[JobOperator]) -> None:
    parameters = list(inspect.signature(resolve_name(operator.use_case)).parameters.values())
    assert [each.name for each in parameters] == ["request", "run"]
    declared = {**vars(requests), **vars(import_requests), **vars(alert_requests)}
    asked_for = declared[str(parameters[0].annotation)]
    assert issubclass(operator.request, asked_for)


def test_a_dag_without_parameters_says_so(dags: dict[str, DAG]) -> None:
    run = SimpleNamespace(conf={"login": "modelops_jobs"})
    with pytest.raises(UnknownParameter) as refusal:
        check_parameter_names(dags["connection_check"], {"dag_run": run})  # type: ignore[typeddict-item]
    assert refusal.value.what == "there is no parameter 'login'"
    assert refusal.value.expected == "no parameter: this DAG has none"


def test_forms_ask_for_what_the_requests_declare(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        declared = defaultdict(list)
        for task in dag.tasks:
            for each in parameters_of(task.request) if isinstance(task, JobOperator | DueLabelsOperator) else ():
                declared[each.name].append((each.schema.get("type"), None if each.is_required else each.default))
        for name in set(dag.params) - OTHERS:
            param = dag.params.get_param(name)
            said = declared[re.sub("^(train|statistics|evaluate|predict)_", "", name)]
            value = param.value if param.has_value else None
            assert (param.schema["type"], value) in said, (dag.dag_id, name)


def test_a_drift_check_takes_a_deployment_that_has_ended() -> None:
    """Its use case does, and its form said that the deployment must be active."""
    said = {one.name: one.description for one in parameters_of(requests.DriftCheckRequest)}
    assert said["deployment"] == "The number of a deployment, also of one that has ended."
