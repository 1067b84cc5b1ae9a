"""Makes Airflow's Params from the declarations of requests. The trigger form and the REST API check values by them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

from modelops.domain.parameters import parameters_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from modelops.domain.parameters import Parameter


def params_of(request: type, *only: str, **renamed: str) -> dict[str, Param]:
    """The Params of a request's parameters.

    Args:
        request: a class of `modelops.domain.requests`.
        only: the names of the parameters to include; by default, all.
        renamed: a parameter's name → its name in the DAG, if the DAG has several parameters of that name.
    """
    return {renamed.get(each.name, each.name): _param(each) for each in _selected(request, only)}


def arguments_of(dag: DAG, request: type, *only: str, **renamed: str) -> dict[str, Any]:
    """References to the DAG's values of these parameters, as arguments of an operator."""
    return {each.name: dag.param(renamed.get(each.name, each.name)) for each in _selected(request, only)}


def predict_now_param() -> Param:
    """The parameter that determines whether a batch is scored right after the deployment."""
    return Param(
        False,
        type="boolean",
        title="Predict now",
        description="Score a batch right after the deployment: for the last data interval that has ended, or for all"
        " rows if there are no intervals. Otherwise readers see the earlier predictions until the next batch. If the"
        " SQL reads the interval, this needs a cron schedule or a preset.",
    )


def _selected(request: type, only: tuple[str, ...]) -> list[Parameter]:
    return [each for each in parameters_of(request) if each.in_form and (not only or each.name in only)]


def _param(parameter: Parameter) -> Param:
    declared = {"title": parameter.title, "description": parameter.description, **parameter.schema}
    return Param(**declared) if parameter.is_required else Param(parameter.default, **declared)
