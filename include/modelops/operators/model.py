"""Operators for the stages of a model, except the approval."""

from __future__ import annotations

from modelops.domain.import_requests import ModelImportRequest
from modelops.domain.job_types import JobType
from modelops.domain.requests import (
    BatchRequest,
    DeploymentRequest,
    EvaluationRequest,
    PartRequest,
    PerformanceRequest,
    RetirementRequest,
    StatisticsRequest,
    TrainingRequest,
)
from modelops.operators.alert_events import AlertingOperator
from modelops.operators.bases import BatchOperator, DeploymentOperator, ModelOperator


class TrainModelOperator(ModelOperator):
    """Trains a new version of a model."""

    job_type = JobType.TRAINING
    request = TrainingRequest
    use_case = "modelops.kinds.model.train:train"


class ImportModelOperator(ModelOperator):
    """Imports a model file that was made elsewhere, and creates a version.

    The same file, with the same request and folder, is the same version while that is in use.
    """

    job_type = JobType.MODEL_IMPORT
    request = ModelImportRequest
    use_case = "modelops.kinds.model.import_model:import_model"


class EvaluateModelOperator(ModelOperator):
    """Evaluates an existing version."""

    job_type = JobType.EVALUATION
    request = EvaluationRequest
    use_case = "modelops.kinds.model.evaluate:evaluate"


class ComputeStatisticsOperator(ModelOperator):
    """Computes the reference with which later batches of an existing version are compared."""

    job_type = JobType.COMPUTE_STATISTICS
    request = StatisticsRequest
    use_case = "modelops.kinds.model.compute_statistics:compute_statistics"


class DeployModelOperator(ModelOperator):
    """Puts an approved version into production. It replaces the target's current deployment.

    The registry refuses a version without an approval, regardless of the states of Airflow's tasks. After a clear, a
    recorded deployment is returned; a new deployment needs a new run.
    """

    job_type = JobType.DEPLOYMENT
    request = DeploymentRequest
    use_case = "modelops.kinds.model.deploy:deploy"
    reuse_key = ("model", "version")


class RetireModelOperator(DeploymentOperator):
    """Ends a deployment at once. After a clear, a recorded retirement is returned."""

    job_type = JobType.RETIREMENT
    request = RetirementRequest
    use_case = "modelops.stages.retire:retire_model"
    reuse_key = ("deployment",)


class PredictBatchOperator(BatchOperator):
    """Scores the rows of a deployment's dataset; readers see all of them, or none."""

    job_type = JobType.BATCH_PREDICTION
    request = BatchRequest
    use_case = "modelops.kinds.model.predict_batch:predict_batch"


class PredictPartOperator(BatchOperator):
    """Scores one partition of a batch. Readers see its rows when all partitions are published."""

    job_type = JobType.BATCH_PREDICTION
    request = PartRequest
    use_case = "modelops.kinds.model.predict_batch:predict_batch"


class PublishBatchOperator(BatchOperator):
    """Publishes the partitions that this DAG run's tasks have scored; readers see all of their rows, or none."""

    job_type = JobType.BATCH_PREDICTION
    request = BatchRequest
    use_case = "modelops.kinds.model.publish_parts:publish_parts"


class MeasurePerformanceOperator(AlertingOperator, DeploymentOperator):
    """Measures a deployment's published predictions with the labels that have become known since."""

    job_type = JobType.PERFORMANCE_MEASUREMENT
    request = PerformanceRequest
    use_case = "modelops.kinds.model.measure_performance:measure_performance"
