"""Evaluate an existing version of a model."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import EvaluationRequest
from modelops.operators.model import EvaluateModelOperator

with DAG(
    dag_id="model_evaluation",
    dag_display_name="Model evaluation",
    description="Evaluate an existing version of a model on a dataset of your choice.",
    doc_md="""
    ### Evaluation of an existing version

    Runs the `evaluate()` of an existing version, or the standard evaluation, on a dataset of your choice, with the code
    and the environment that were pinned at its training or import.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(EvaluationRequest),
) as dag:
    EvaluateModelOperator(task_id="evaluate", **arguments_of(dag, EvaluationRequest))
