"""The life of one model version: train it, then evaluate it."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.operators.model import EvaluateModelOperator, TrainModelOperator
from modelops.operators.params import allow_dirty_param, dataset_param, hyperparameters_param, model_param

with DAG(
    dag_id="model_lifecycle",
    dag_display_name="Model life cycle",
    description="Train a new version of a model and evaluate it.",
    doc_md="""
    ### The life of one model version

    Each run makes a new version of the chosen model and takes it through its life cycle: **train** runs the model's
    own `train()` on its training dataset, **evaluate** runs its `evaluate()` on another one. What each stage saw and
    left (code, rows, environment, metrics, plots) is on record under its hash.
    """,
    schedule=None,
    catchup=False,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "model": model_param(),
        "train_dataset": dataset_param("train", "training"),
        "evaluate_dataset": dataset_param("evaluate", "evaluation"),
        "hyperparameters": hyperparameters_param(),
        "allow_dirty": allow_dirty_param(),
    },
) as dag:
    train = TrainModelOperator(
        task_id="train",
        model=dag.param("model"),
        dataset=dag.param("train_dataset"),
        hyperparameters=dag.param("hyperparameters"),
        allow_dirty=dag.param("allow_dirty"),
    )
    evaluate = EvaluateModelOperator(
        task_id="evaluate",
        model=dag.param("model"),
        version=train.output["version"],
        dataset=dag.param("evaluate_dataset"),
    )

    train >> evaluate
