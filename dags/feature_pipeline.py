"""The life of one feature task version: import, run, approve, deploy."""

from datetime import timedelta

from airflow.sdk import DAG

from modelops.operators.approval import MOST_RUNS, ApproveFeatureTaskOperator
from modelops.operators.feature import (
    DeployFeatureTaskOperator,
    ImportFeatureTaskOperator,
    RunFeatureTaskOperator,
)
from modelops.operators.notifying import reviewer_notifiers
from modelops.operators.params import (
    allow_dirty_param,
    interval_param,
    late_after_param,
    ref_param,
    schedule_param,
    task_param,
    time_zone_param,
)

with DAG(
    dag_id="feature_pipeline",
    dag_display_name="Feature pipeline",
    description="Import a new version of a feature task, run it once, have it approved, and put it into production.",
    doc_md="""
    ### The life of one feature task version

    Each run makes a new version of the chosen feature task and takes it through its life cycle: **import** pins its
    code and checks its SQL and all that the run is asked for, **run** executes it once, checks what it gives and
    publishes nothing, **approve** waits for a reviewer who sees what changes (*Required actions* of this run),
    **deploy** puts the approved version into the place of the one before. Its batch runs then make the table: trigger
    *Feature batch*.
    """,
    schedule=None,
    catchup=False,
    max_active_runs=MOST_RUNS,
    tags=["modelops"],
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    params={
        "task": task_param(),
        "ref": ref_param(),
        "allow_dirty": allow_dirty_param("Import"),
        "interval_start": interval_param("start"),
        "interval_end": interval_param("end"),
        "schedule": schedule_param(),
        "time_zone": time_zone_param(),
        "late_after": late_after_param(),
    },
) as dag:
    interval = {"interval_start": dag.param("interval_start"), "interval_end": dag.param("interval_end")}
    deployment = {
        "schedule": dag.param("schedule"),
        "time_zone": dag.param("time_zone"),
        "late_after": dag.param("late_after"),
    }
    import_ = ImportFeatureTaskOperator(
        task_id="import",
        task=dag.param("task"),
        ref=dag.param("ref"),
        allow_dirty=dag.param("allow_dirty"),
        **interval,
        deployment=deployment,
    )
    version = {"task": dag.param("task"), "version": import_.output["version"]}
    run = RunFeatureTaskOperator(task_id="run", **version, **interval)
    approve = ApproveFeatureTaskOperator(task_id="approve", **version, notifiers=reviewer_notifiers(), retries=3)
    deploy = DeployFeatureTaskOperator(task_id="deploy", **version, **deployment)

    import_ >> run >> approve >> deploy
