"""The life cycle of a model that was made elsewhere: import, compute statistics, evaluate, approve, deploy."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.notifying import reviewer_notifiers
from modelops.airflow.params import arguments_of, params_of
from modelops.domain.import_requests import ModelImportRequest
from modelops.domain.requests import DeploymentTerms, EvaluationRequest
from modelops.operators.approval import MAX_RUNS, ApproveModelOperator
from modelops.operators.model import (
    ComputeStatisticsOperator,
    DeployModelOperator,
    EvaluateModelOperator,
    ImportModelOperator,
)

with DAG(
    dag_id="byom_lifecycle",
    dag_display_name="Imported model life cycle",
    description="Import a model file, compute its statistics, evaluate it, have it approved, and deploy it.",
    doc_md="""
    ### Life cycle of a model that was made elsewhere

    Each run takes a model file through its life cycle: **import** checks all parameters of the run, reads the file in a
    confined process, compares its inputs with the features, and makes a version; **compute_statistics** records the
    distributions with which batches are compared, and warns of values that the model may not represent; **evaluate**
    measures its predictions with the standard evaluation; **approve** waits for a reviewer, who decides on the evidence
    (*Required actions* of this run); **deploy** puts the approved version into production, in place of the previous
    one. Whoever requested the import can't approve it.
    """,
    schedule=None,
    catchup=False,
    max_active_runs=MAX_RUNS,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(ModelImportRequest, dataset="statistics_dataset")
    | params_of(EvaluationRequest, "dataset", dataset="evaluate_dataset")
    | params_of(DeploymentTerms, dataset="predict_dataset"),
) as dag:
    deployment = arguments_of(dag, DeploymentTerms, dataset="predict_dataset")
    import_ = ImportModelOperator(
        task_id="import",
        **arguments_of(dag, ModelImportRequest, dataset="statistics_dataset"),
        evaluate_dataset=dag.param("evaluate_dataset"),
        deployment=deployment,
    )
    version = {"model": dag.param("model"), "version": import_.output["version"]}
    compute_statistics = ComputeStatisticsOperator(
        task_id="compute_statistics",
        **version,
        dataset=dag.param("statistics_dataset"),
        predictions_dataset=dag.param("evaluate_dataset"),
    )
    evaluate = EvaluateModelOperator(task_id="evaluate", **version, dataset=dag.param("evaluate_dataset"))
    approve = ApproveModelOperator(task_id="approve", **version, notifiers=reviewer_notifiers(), retries=3)
    deploy = DeployModelOperator(task_id="deploy", **version, **deployment)

    import_ >> compute_statistics >> evaluate >> approve >> deploy
