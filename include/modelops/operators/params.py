"""The Params that DAGs share: Airflow's trigger form and REST API check them before anything starts."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from modelops.domain.errors import RepositoryError
from modelops.repository.catalogue import model_references
from modelops.repository.configuration import read_sources
from modelops.settings import Settings


def model_param() -> Param:
    """A choice among the models of the configured repositories, read anew whenever the DAG file is parsed."""
    settings = Settings.from_environment()
    found = model_references(settings)
    choice: dict[str, Any] = {"enum": found} if found else {"minLength": 1}
    return Param(
        found[0] if found else None,
        type="string",
        title="Model",
        description="<repository>/<model>, of the repositories that repositories.yaml names."
        if found
        else _why(settings),
        **choice,
    )


def _why(settings: Settings) -> str:
    """Why there is no model to choose: what is wrong with the configuration, or that nothing was found."""
    try:
        read_sources(settings.repositories)
    except RepositoryError as error:
        return str(error)
    return f"No model was found in the repositories that {settings.repositories} names."


def dataset_param(default: str, purpose: str) -> Param:
    """A dataset's name, or SQL."""
    return Param(
        default,
        type="string",
        minLength=1,
        title=f"Dataset for {purpose}",
        description="A dataset of the model's datasets.yaml, or a SELECT statement with the same columns.",
    )


def hyperparameters_param() -> Param:
    """What goes on top of config.json."""
    return Param(
        {},
        type="object",
        title="Hyperparameters",
        description='These take the place of the model\'s own in config.json, for example {"max_iter": 300}.',
    )


def version_param() -> Param:
    """An existing version."""
    return Param(
        None,
        type=["null", "integer"],
        minimum=1,
        title="Version",
        description="Number of the model's version; empty: the newest that was trained.",
    )


def allow_dirty_param() -> Param:
    """Whether files that aren't committed may be used."""
    return Param(
        False,
        type="boolean",
        title="Allow uncommitted files",
        description="Train from files that are not committed to git. The version keeps a note of it.",
    )
