"""The life cycle of a model version: train, evaluate, approve, deploy."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.notifying import reviewer_notifiers
from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import DeploymentTerms, EvaluationRequest, TrainingRequest
from modelops.operators.approval import MAX_RUNS, ApproveModelOperator
from modelops.operators.model import DeployModelOperator, EvaluateModelOperator, TrainModelOperator

with DAG(
    dag_id="model_lifecycle",
    dag_display_name="Model life cycle",
    description="Train a new version of a model, evaluate it, have it approved, and put it into production.",
    doc_md="""
    ### Life cycle of a model

    Each run makes a new version of a model and takes it through its life cycle: **train** checks all parameters of the
    run, then runs the model's `train()` on the training dataset; **evaluate** runs its `evaluate()` on another dataset;
    **approve** waits for a reviewer, who decides on the evidence (*Required actions* of this run); **deploy** puts the
    approved version into production, in place of the previous one. The inputs and outputs of each stage are recorded
    with their hashes. Whoever requested the training can't approve it, and a rejected version can't be deployed.
    """,
    schedule=None,
    catchup=False,
    max_active_runs=MAX_RUNS,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(TrainingRequest, dataset="train_dataset")
    | params_of(EvaluationRequest, "dataset", dataset="evaluate_dataset")
    | params_of(DeploymentTerms, dataset="predict_dataset"),
) as dag:
    deployment = arguments_of(dag, DeploymentTerms, dataset="predict_dataset")
    train = TrainModelOperator(
        task_id="train",
        **arguments_of(dag, TrainingRequest, dataset="train_dataset"),
        evaluate_dataset=dag.param("evaluate_dataset"),
        deployment=deployment,
    )
    version = {"model": dag.param("model"), "version": train.output["version"]}
    evaluate = EvaluateModelOperator(task_id="evaluate", **version, dataset=dag.param("evaluate_dataset"))
    approve = ApproveModelOperator(task_id="approve", **version, notifiers=reviewer_notifiers(), retries=3)
    deploy = DeployModelOperator(task_id="deploy", **version, **deployment)

    train >> evaluate >> approve >> deploy
