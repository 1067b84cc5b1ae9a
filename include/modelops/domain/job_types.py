"""The job types, each declared once.

| what reads the declarations | when |
| --- | --- |
| the database: its type `job_type` and its tables `stage` and `transition` | `./modelops migrate` |
| the observer: which tasks of Airflow are jobs | at run time |
| the jobs API: which evidence and files it shows with a job | at run time |
| the view: labels, groups and tabs | generated |
| the documents: tables and state diagrams | generated |

To add a job type, see docs/how-to/add-a-job-type.md.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Self

from modelops.domain import attempts
from modelops.domain.declaration import Attempts, Declaration, Evidence, Group, Label, Stage, Tab, Transition
from modelops.domain.versions import VersionKind, VersionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODEL = (VersionKind.MODEL,)
_TASK = (VersionKind.FEATURE_TASK,)
_of_model = partial(Declaration, kinds=_MODEL, group=Group.MODEL)
_of_task = partial(Declaration, kinds=_TASK, group=Group.FEATURE)
_supporting = partial(Declaration, group=Group.SUPPORTING)

_WITH_EVIDENCE = (Tab.LOGS, Tab.LIFE_CYCLE, Tab.EVIDENCE, Tab.PROPERTIES)
_EVIDENCE_FIRST = (Tab.EVIDENCE, Tab.LOGS, Tab.LIFE_CYCLE, Tab.PROPERTIES)

_DEPLOYED = (
    Transition(VersionStatus.APPROVED, VersionStatus.DEPLOYED, "it is in production"),
    Transition(VersionStatus.DEPLOYED, VersionStatus.APPROVED, "a newer deployment replaced its last one"),
)
_RETIRED = (Transition(VersionStatus.DEPLOYED, VersionStatus.RETIRED, "its last deployment was retired"),)


def _decided(before: VersionStatus) -> tuple[Transition, ...]:
    return (
        Transition(before, VersionStatus.APPROVED, "a reviewer approved the evidence"),
        Transition(before, VersionStatus.REJECTED, "a reviewer rejected it"),
    )


class JobType(StrEnum):
    """The type of a job: the stage that it performs. The order is that of the database's type."""

    TRAINING = (
        "training",
        _of_model(
            stage=Stage.TRAINING,
            label=Label(en="Training", fr="Formation"),
            meaning="Runs the model's `train()` and creates a version.",
            operators=("TrainModelOperator",),
            steps="`version_created`, `code_pinned`, `environment_ready`, `rows_written`, `train_started`, "
            "`train_finished`, `artifacts_stored`; `sample_scored` if the model has a ModelScorer",
            attempts=Attempts(
                retry="It continues with the version that the first attempt created, and its pinned code and packages.",
                clear="It trains another version; the earlier one stays.",
                stop="The version is `failed`, and the tasks after it are `skipped`.",
                marked_as_success="The version is `failed`. The evaluation after it fails, because it gets no version.",
            ),
            transitions=(
                Transition(None, VersionStatus.CREATED, "training starts"),
                Transition(VersionStatus.CREATED, VersionStatus.TRAINED, "artifacts are stored"),
                Transition(VersionStatus.CREATED, VersionStatus.FAILED, "training failed or was stopped"),
            ),
            evidence=Evidence.OF_VERSION,
            tabs=_WITH_EVIDENCE,
        ),
    )
    EVALUATION = (
        "evaluation",
        _of_model(
            stage=Stage.EVALUATION,
            label=Label(en="Evaluation", fr="Évaluation"),
            meaning="Runs the model's `evaluate()`, or the standard evaluation, on an existing version.",
            operators=("EvaluateModelOperator",),
            steps="`artifacts_fetched`, then as `training` from `environment_ready` to `artifacts_stored`, with "
            "`evaluate_…`; of a version with a ModelScorer also `rows_scored`, before `evaluate_…` if that is "
            "standard, and in its first evaluation `predictions_counted`",
            attempts=Attempts(
                clear="It records another evaluation; the earlier one stays.",
                stop="No evaluation is recorded, and the tasks after it are `skipped`.",
                marked_as_success="No evaluation is recorded.",
            ),
            transitions=(
                Transition(VersionStatus.TRAINED, VersionStatus.EVALUATED, "metrics are on record"),
                Transition(VersionStatus.IMPORTED, VersionStatus.EVALUATED, "metrics and statistics are on record"),
            ),
            evidence=Evidence.OF_EVALUATION,
            tabs=_WITH_EVIDENCE,
        ),
    )
    APPROVAL = (
        "approval",
        _of_model(
            stage=Stage.APPROVAL,
            label=Label(en="Approval", fr="Approbation"),
            meaning="Shows a version's evidence to the reviewers and records their decision.",
            operators=("ApproveModelOperator",),
            steps="none; it has the event `awaiting_approval`, and if an answer was given on evidence that has changed "
            "also `refused`, another `running` and another `awaiting_approval`",
            attempts=attempts.APPROVAL,
            transitions=_decided(VersionStatus.EVALUATED),
            evidence=Evidence.ALL,
            tabs=_EVIDENCE_FIRST,
        ),
    )
    DEPLOYMENT = (
        "deployment",
        _of_model(
            stage=Stage.DEPLOYMENT,
            label=Label(en="Deployment", fr="Déploiement"),
            meaning="Puts an approved version into production, in place of the previous one.",
            operators=("DeployModelOperator",),
            steps="`artifacts_fetched`, `dataset_fits`, `environment_ready`, `sample_scored`",
            attempts=attempts.DEPLOYMENT,
            transitions=_DEPLOYED,
            evidence=Evidence.ALL,
            tabs=_WITH_EVIDENCE,
        ),
    )
    RETIREMENT = (
        "retirement",
        _of_model(
            stage=Stage.RETIREMENT,
            label=Label(en="Retirement", fr="Mise hors service"),
            meaning="Ends a deployment.",
            operators=("RetireModelOperator",),
            steps="none",
            attempts=attempts.RETIREMENT,
            transitions=_RETIRED,
        ),
    )
    BATCH_PREDICTION = (
        "batch_prediction",
        _supporting(
            stage=Stage.BATCH,
            kinds=_MODEL,
            label=Label(en="Batch prediction", fr="Prédiction par lots"),
            meaning="Scores the rows of a deployment's predict dataset.",
            operators=("PredictBatchOperator", "PredictPartOperator", "PublishBatchOperator"),
            steps="`run_begun` (`detail` has the number of the run), `artifacts_fetched`, `environment_ready`, "
            "`scoring_started`, `rows_written`; of `PublishBatchOperator` `run_begun` only",
            attempts=attempts.BATCH,
            tabs=(Tab.LOGS, Tab.LIFE_CYCLE, Tab.PREDICTIONS, Tab.STATISTICS, Tab.PROPERTIES),
        ),
    )
    FEATURE_IMPORT = (
        "feature_import",
        _of_task(
            stage=Stage.IMPORT,
            label=Label(en="Import", fr="Importer"),
            meaning="Pins a feature task's code and creates a version.",
            operators=("ImportFeatureTaskOperator",),
            steps="`code_pinned`, `sql_parsed`",
            attempts=Attempts(
                retry="It starts again, because the first attempt has recorded nothing.",
                clear="A recorded import of the same task is returned.",
                stop="Nothing has changed.",
                marked_as_success="There is no version, and the tasks after it fail.",
            ),
            transitions=(
                Transition(None, VersionStatus.CREATED, "its code is pinned"),
                Transition(VersionStatus.CREATED, VersionStatus.IMPORTED, "it is on record"),
            ),
            evidence=Evidence.OF_VERSION,
            tabs=_WITH_EVIDENCE,
        ),
    )
    FEATURE_RUN = (
        "feature_run",
        _of_task(
            stage=Stage.EVALUATION,
            label=Label(en="Run", fr="Exécuter"),
            meaning="Runs a version of a feature task once and checks its rows, without publishing them.",
            operators=("RunFeatureTaskOperator",),
            steps="`code_loaded`, `rows_staged`, `checked`; of a Python task also, before `rows_staged`, "
            "`environment_ready`, `input_read` for each input, `run_started`, `run_finished`",
            attempts=Attempts(
                retry="It starts again in a table of its own.",
                clear="It runs again and adds evidence; the earlier evidence stays.",
                stop="Nothing has changed.",
                marked_as_success="The version stays `imported` and can't be approved.",
            ),
            transitions=(
                Transition(VersionStatus.IMPORTED, VersionStatus.TESTED, "it gave the rows that it declares"),
            ),
            evidence=Evidence.OF_EVALUATION,
            tabs=_WITH_EVIDENCE,
        ),
    )
    FEATURE_APPROVAL = (
        "feature_approval",
        _of_task(
            stage=Stage.APPROVAL,
            label=Label(en="Approve", fr="Approuver"),
            meaning="Shows the evidence of a feature task's version to the reviewers and records their decision.",
            operators=("ApproveFeatureTaskOperator",),
            steps="as `approval`",
            attempts=attempts.APPROVAL,
            transitions=_decided(VersionStatus.TESTED),
            evidence=Evidence.ALL,
            tabs=_EVIDENCE_FIRST,
        ),
    )
    FEATURE_DEPLOYMENT = (
        "feature_deployment",
        _of_task(
            stage=Stage.DEPLOYMENT,
            label=Label(en="Deploy", fr="Déployer"),
            meaning="Puts an approved version of a feature task into production, in place of the previous one.",
            operators=("DeployFeatureTaskOperator",),
            steps="`artifacts_fetched`, `sql_parsed`",
            attempts=attempts.DEPLOYMENT,
            transitions=_DEPLOYED,
            evidence=Evidence.ALL,
            tabs=_WITH_EVIDENCE,
        ),
    )
    FEATURE_BATCH = (
        "feature_batch",
        _of_task(
            stage=Stage.BATCH,
            label=Label(en="Batch run", fr="Exécution par lots"),
            meaning="Computes a deployment's feature table, whole or for a data interval.",
            operators=("ExecuteFeatureBatchOperator",),
            steps="`run_begun`, then as `feature_run` from `rows_staged` or `environment_ready` on",
            attempts=attempts.BATCH,
            tabs=(Tab.LOGS, Tab.LIFE_CYCLE, Tab.FEATURES, Tab.STATISTICS, Tab.PROPERTIES),
        ),
    )
    FEATURE_RETIREMENT = (
        "feature_retirement",
        _of_task(
            stage=Stage.RETIREMENT,
            label=Label(en="Retire", fr="Mettre hors service"),
            meaning="Ends a deployment of a feature task.",
            operators=("RetireFeatureTaskOperator",),
            steps="none",
            attempts=attempts.RETIREMENT,
            transitions=_RETIRED,
        ),
    )
    SCHEDULE_CHANGE = (
        "schedule_change",
        _supporting(
            stage=Stage.SCHEDULE_CHANGE,
            kinds=(*_MODEL, *_TASK),
            label=Label(en="Schedule change", fr="Changement de planification"),
            meaning="Changes the schedule of a deployment.",
            operators=("ChangeScheduleOperator",),
            steps="none",
            attempts=attempts.CHANGE,
        ),
    )
    COMPUTE_STATISTICS = (
        "compute_statistics",
        _supporting(
            stage=Stage.STATISTICS,
            kinds=_MODEL,
            label=Label(en="Compute statistics", fr="Statistiques de calcul"),
            meaning="Computes the reference with which batches of an existing version are compared.",
            operators=("ComputeStatisticsOperator",),
            steps="`artifacts_fetched`, `rows_written`, `columns_counted`; if the model has a ModelScorer also"
            " `environment_ready`, `rows_written`, `predictions_counted`",
            attempts=Attempts(
                clear="It computes another reference, which replaces the earlier one for later batches.",
                stop="The reference stays as it was.",
                marked_as_success="The reference stays as it was.",
            ),
            evidence=Evidence.OF_EVALUATION,
            tabs=_EVIDENCE_FIRST,
        ),
    )
    DRIFT_CHECK = (
        "drift_check",
        _supporting(
            stage=Stage.DRIFT,
            kinds=(*_MODEL, *_TASK),
            label=Label(en="Drift check", fr="Contrôle de dérive"),
            meaning="Compares a published batch with the reference of its version.",
            operators=("CheckDriftOperator",),
            steps="`compared`",
            attempts=Attempts(
                clear="It compares again: the batch of its DAG run, or the newest of the interval. The earlier result "
                "stays on record.",
                stop="Nothing has changed.",
                marked_as_success="Nothing is compared.",
            ),
            tabs=(Tab.DRIFT, Tab.LOGS, Tab.LIFE_CYCLE, Tab.PROPERTIES),
        ),
    )
    PERFORMANCE_MEASUREMENT = (
        "performance_measurement",
        _supporting(
            stage=Stage.PERFORMANCE,
            kinds=_MODEL,
            label=Label(en="Performance measurement", fr="Mesure des performances"),
            meaning="Compares published predictions with the labels that have become known since.",
            operators=("MeasurePerformanceOperator",),
            steps="`measured` for each batch",
            attempts=Attempts(
                retry="It continues with the batches that are still due. Recorded measurements stay.",
                clear="It measures the batches that are due by then, or the same interval again.",
                stop="The batches that are not measured yet stay due.",
                marked_as_success="The batches stay due.",
            ),
            tabs=(Tab.PERFORMANCE, Tab.LOGS, Tab.LIFE_CYCLE, Tab.PROPERTIES),
        ),
    )
    ALERT_RULE_CHANGE = (
        "alert_rule_change",
        _supporting(
            stage=Stage.ALERT_RULE_CHANGE,
            kinds=(*_MODEL, *_TASK),
            label=Label(en="Alert rule change", fr="Modification d'une règle d'alerte"),
            meaning="Sets, ends or snoozes an alert rule of a deployment.",
            operators=("SetAlertRuleOperator", "EndAlertRuleOperator", "SnoozeAlertOperator"),
            steps="none",
            attempts=attempts.CHANGE,
        ),
    )
    CONNECTION_CHECK = (
        "connection_check",
        _supporting(
            stage=Stage.CONNECTION_CHECK,
            kinds=(),
            label=Label(en="Connection check", fr="Contrôle des connexions"),
            meaning="Checks that each login of the data database has the privileges that it needs, and no others.",
            operators=("CheckConnectionsOperator",),
            steps="`logins_checked`",
            attempts=Attempts(
                retry="It checks again.",
                clear="It checks again.",
                stop="Nothing has changed.",
                marked_as_success="Nothing is checked.",
            ),
        ),
    )
    MODEL_IMPORT = (
        "model_import",
        _of_model(
            stage=Stage.IMPORT,
            label=Label(en="Model import", fr="Import du modèle"),
            meaning="Reads a model file that was made elsewhere and creates a version.",
            operators=("ImportModelOperator",),
            steps="`code_pinned`, `file_read`, `format_recognised`, `environment_ready`, `file_described`,"
            " `rows_written`, `sample_scored`; after `format_recognised` nothing more if the file is imported already",
            attempts=Attempts(
                retry="It starts again, because the first attempt has recorded nothing.",
                clear="It reads the file again. The same file with the same request and folder is the same version.",
                stop="Nothing has changed.",
                marked_as_success="There is no version, and the tasks after it fail.",
            ),
            transitions=(
                Transition(None, VersionStatus.CREATED, "the file was read and checked"),
                Transition(VersionStatus.CREATED, VersionStatus.IMPORTED, "it is on record"),
            ),
            evidence=Evidence.OF_VERSION,
            tabs=_WITH_EVIDENCE,
        ),
    )

    declaration: Declaration

    def __new__(cls, value: str, declaration: Declaration | None = None) -> Self:
        """Make a member. The declaration has a default because type checkers take `JobType(value)` for this call."""
        assert declaration is not None
        member = str.__new__(cls, value)
        member._value_ = value
        member.declaration = declaration
        return member

    @property
    def stage(self) -> Stage:
        """The stage in the life of a version."""
        return self.declaration.stage


OPERATORS: Mapping[str, JobType] = {name: each for each in JobType for name in each.declaration.operators}
"""Class name of an operator → the type of its jobs: finds jobs among Airflow's tasks before a worker claims them."""


def of_stage(*stages: Stage) -> list[JobType]:
    """The job types of these stages."""
    return [each for each in JobType if each.stage in stages]


def with_evidence(*which: Evidence) -> list[JobType]:
    """The job types whose page shows one of these kinds of evidence; by default, any kind."""
    return [each for each in JobType if each.declaration.evidence in (which or tuple(Evidence))]
