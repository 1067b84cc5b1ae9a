"""What a challenger is asked for: a run of model_lifecycle on the terms of the deployment that it challenges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelops.domain.deployments import Deployment


def lifecycle_parameters(deployment: Deployment, dataset: str) -> dict[str, Any]:
    """The parameters of model_lifecycle: the deployment's model, to be deployed on the deployment's terms.

    Its schedule is left out: a new deployment takes over that of its target.

    Args:
        dataset: the name of a dataset, or SQL, for the training.
    """
    truth = deployment.truth
    return {
        "model": deployment.model,
        "train_dataset": dataset,
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
