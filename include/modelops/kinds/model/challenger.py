"""The parameters of the DAG run that trains a challenger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelops.registry.write import deployments, versions

if TYPE_CHECKING:
    from psycopg import Connection


def lifecycle_parameters(connection: Connection[Any], deployment_id: int, dataset: str) -> dict[str, Any]:
    """The parameters of model_lifecycle: the model, the hyperparameters and the terms of a deployment.

    The schedule is left out, because a new deployment takes over that of its target.

    Args:
        dataset: the name of a dataset, or SQL, for the training.

    Raises:
        Unavailable: the ledger can't be reached.
    """
    deployment = deployments.find(connection, deployment_id)
    version = versions.find(connection, deployment.model, deployment.version)
    truth = deployment.truth
    return {
        "model": deployment.model,
        "train_dataset": dataset,
        "hyperparameters": version.hyperparameters or {},
        "predict_dataset": deployment.dataset["name"] or deployment.dataset["sql"],
        "target": deployment.target,
        "set_aside_budget": deployment.set_aside_budget,
        "empty": deployment.empty,
        "parts": deployment.parts,
        "check_drift": deployment.check_drift,
        "measure_performance": truth is not None,
        "truth": truth and (truth.name or truth.sql),
        "maturity_days": None if deployment.maturity is None else deployment.maturity.total_seconds() / 86400,
    }
