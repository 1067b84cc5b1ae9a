"""The life cycle of a feature task version: import, run, approve, deploy."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.airflow.notifying import reviewer_notifiers
from modelops.airflow.params import arguments_of, params_of
from modelops.domain.requests import ImportRequest, IntervalRequest, ScheduleTerms
from modelops.operators.approval import MAX_RUNS, ApproveFeatureTaskOperator
from modelops.operators.feature import (
    DeployFeatureTaskOperator,
    ImportFeatureTaskOperator,
    RunFeatureTaskOperator,
)

with DAG(
    dag_id="feature_pipeline",
    dag_display_name="Feature pipeline",
    description="Import a new version of a feature task, run it once, have it approved, and put it into production.",
    doc_md="""
    ### Life cycle of a feature task

    Each run makes a new version of a feature task and takes it through its life cycle: **import** pins the code and
    checks its SQL and all parameters of the run; **run** executes the version once, checks its rows and publishes
    nothing; **approve** waits for a reviewer, who sees what changes (*Required actions* of this run); **deploy** puts
    the approved version into production, in place of the previous one. Batch runs then make the table: trigger *Feature
    batch*.
    """,
    schedule=None,
    catchup=False,
    max_active_runs=MAX_RUNS,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params=params_of(ImportRequest) | params_of(ScheduleTerms),
) as dag:
    deployment = arguments_of(dag, ScheduleTerms)
    import_ = ImportFeatureTaskOperator(task_id="import", **arguments_of(dag, ImportRequest), deployment=deployment)
    version = {"task": dag.param("task"), "version": import_.output["version"]}
    run = RunFeatureTaskOperator(task_id="run", **version, **arguments_of(dag, IntervalRequest))
    approve = ApproveFeatureTaskOperator(task_id="approve", **version, notifiers=reviewer_notifiers(), retries=3)
    deploy = DeployFeatureTaskOperator(task_id="deploy", **version, **deployment)

    import_ >> run >> approve >> deploy
