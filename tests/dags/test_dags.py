"""The DAG files parse, are quick and light, and refuse a bad request before anything starts."""

from __future__ import annotations

import copy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.sdk import DAG

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "dags").glob("*.py"))
HEAVY = ("pandas", "polars", "sklearn", "pyarrow", "adbc_driver_postgresql", "matplotlib", "psycopg", "uv", "alembic")


def test_which_there_are(dags: dict[str, DAG]) -> None:
    assert sorted(dags) == [
        "alert_notifications",
        "alert_rule",
        "alert_rule_end",
        "alert_snooze",
        "batch_prediction",
        "byom_lifecycle",
        "connection_check",
        "deployment_schedule",
        "drift_check",
        "feature_batch",
        "feature_pipeline",
        "feature_retirement",
        "model_deployment",
        "model_evaluation",
        "model_lifecycle",
        "model_performance",
        "model_retirement",
        "model_statistics",
    ]


def test_what_a_reader_of_the_web_page_sees(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        assert dag.description
        assert dag.doc_md
        assert "modelops" in dag.tags
        for name in dag.params:
            param = dag.params.get_param(name)
            assert param.description, f"{dag.dag_id}: {name} has no description"
            assert param.schema.get("title"), f"{dag.dag_id}: {name} has no title"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_can_be_read_aloud(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 80


def test_parsing_imports_nothing_heavy() -> None:
    """In one process, file after file: who is the first to import something is to blame for it. Nor does it read
    repositories, for which git would run every few seconds."""
    code = f"""
import runpy, sys
import airflow.sdk
known = set(sys.modules)
for file in {[str(file) for file in FILES]!r}:
    runpy.run_path(file)
    heavy = {{name.split(".")[0] for name in set(sys.modules) - known}} & set({HEAVY!r})
    heavy |= {{name for name in sys.modules if name.startswith("modelops.repository")}}
    print("heavy:", file.rpartition("/")[2], *sorted(heavy))
    known = set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, env=_env()
    )
    found = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("heavy:")]
    assert [file for file in found if len(file) > 1] == []
    assert len(found) == len(FILES)


def _env() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT / "include")}


@pytest.mark.parametrize(
    ("dag_id", "given", "said"),
    [
        ("model_lifecycle", {"model": "arrival_delay"}, "'arrival_delay' does not match '^[^/]+/[^/]+$'"),
        ("model_lifecycle", {"train_dataset": ""}, "non-empty"),
        ("model_lifecycle", {"hyperparameters": "max_iter=3"}, "'max_iter=3' is not of type 'object'"),
        ("model_lifecycle", {"allow_dirty": "perhaps"}, "'perhaps' is not of type 'boolean'"),
        ("model_evaluation", {"version": 0}, "0 is less than the minimum of 1"),
        ("model_statistics", {"predictions_dataset": ""}, "non-empty"),
        ("model_evaluation", {"version": "three"}, "'three' is not of type 'null', 'integer'"),
        ("model_lifecycle", {"set_aside_budget": -1}, "-1 is less than the minimum of 0"),
        ("model_deployment", {"target": ""}, "non-empty"),
        ("model_retirement", {"deployment": "the newest"}, "'the newest' is not of type 'integer'"),
        ("drift_check", {"deployment": 0}, "0 is less than the minimum of 1"),
        ("model_performance", {"deployment": 0}, "0 is less than the minimum of 1"),
        ("model_deployment", {"maturity_days": -1}, "-1 is less than the minimum of 0"),
        ("model_deployment", {"check_drift": "never"}, "'never' is not of type 'boolean'"),
        ("alert_rule", {"level": "stable"}, "'stable' is not one of [None, 'moved', 'moderate', 'major']"),
        ("alert_rule", {"most_a_month": 0}, "0 is less than the minimum of 1"),
        ("alert_rule", {"checks": 31}, "31 is greater than the maximum of 30"),
        ("batch_prediction", {"deployment": 0}, "0 is less than the minimum of 1"),
        ("deployment_schedule", {"schedule": ""}, "non-empty"),
        ("deployment_schedule", {"paused": "yes"}, "'yes' is not of type 'null', 'boolean'"),
    ],
)
def test_a_bad_request(dags: dict[str, DAG], dag_id: str, given: dict[str, Any], said: str) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError) as caught:
        copy.deepcopy(dags[dag_id].params).update(given)
    assert said in str(caught.value)


def test_who_waits_for_a_person_takes_nobodys_place(dags: dict[str, DAG]) -> None:
    """Airflow counts a run that waits among the active ones, of which its default is sixteen."""
    asking = {name for name, dag in dags.items() if any("approve" in task.task_id for task in dag.tasks)}
    assert asking == {"model_lifecycle", "byom_lifecycle", "feature_pipeline"}
    assert {dags[name].max_active_runs for name in asking} == {1000}


def test_the_order_of_the_life_cycle(dags: dict[str, DAG]) -> None:
    dag = dags["model_lifecycle"]
    assert [task.task_id for task in dag.topological_sort()] == ["train", "evaluate", "approve", "deploy"]
    before = {"evaluate": {"train"}, "approve": {"train", "evaluate"}, "deploy": {"train", "approve"}}
    assert {name: dag.get_task(name).upstream_task_ids for name in before} == before


def test_the_order_of_the_life_cycle_of_an_imported_model(dags: dict[str, DAG]) -> None:
    dag = dags["byom_lifecycle"]
    order = ["import", "compute_statistics", "evaluate", "approve", "deploy"]
    assert [task.task_id for task in dag.topological_sort()] == order
    for before, task in pairwise(order):
        assert before in dag.get_task(task).upstream_task_ids


def test_what_a_request_gives_reaches_the_operators(dags: dict[str, DAG]) -> None:
    """A Param is put in only for what is among an operator's template fields."""
    from airflow.sdk.definitions.param import DagParam

    for dag in dags.values():
        for task in dag.tasks:
            given = {name for name, value in vars(task).items() if isinstance(value, DagParam)}
            assert given <= set(task.template_fields), f"{dag.dag_id}: {task.task_id}"


def test_every_operator_is_known_to_the_observer() -> None:
    from modelops.operators import alerts, approval, bases, connections, feature, model
    from modelops.operators.base import JobOperator

    modules = (model, approval, feature, bases, alerts, connections)
    found = {name: value for module in modules for name, value in vars(module).items()}
    operators = {name: kind.job_type for name, kind in found.items() if _is_job(kind, JobOperator)}
    from modelops.domain.job_types import OPERATORS

    assert operators == dict(OPERATORS)


def _is_job(kind: object, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base) and hasattr(kind, "job_type")


@pytest.mark.parametrize(
    ("dag_id", "start", "missing"),
    [("model_lifecycle", "train", {"model", "version"}), ("feature_pipeline", "import", {"task", "version"})],
)
def test_what_is_deployed_at_the_end_is_checked_at_the_start(
    dags: dict[str, DAG], dag_id: str, start: str, missing: set[str]
) -> None:
    dag = dags[dag_id]
    first: Any = dag.get_task(start)
    last: Any = dag.get_task("deploy")
    assert first.deployment == {name: getattr(last, name) for name in last.template_fields if name not in missing}
    run = SimpleNamespace(conf={"schedule": "@daily"})
    given = [name for name in dag.params if name not in missing]  # a Param without a default has no value here
    context: Any = {"dag_run": run, "params": {name: dag.params[name] for name in given}}
    rendered = first.render_template(first.deployment, context)
    assert rendered["schedule"] == "@daily"
    assert rendered["late_after"] is None
