"""Airflow's Params, made from the declarations of requests: the trigger form and the REST API check values by them."""

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
        only: names of the parameters that are wanted; none given: all.
        renamed: a parameter's name → its name in the DAG, where the DAG has several of that name.
    """
    return {renamed.get(each.name, each.name): _param(each) for each in _wanted(request, only)}


def given(dag: DAG, request: type, *only: str, **renamed: str) -> dict[str, Any]:
    """What a run of the DAG gives for these parameters, as the arguments of an operator."""
    return {each.name: dag.param(renamed.get(each.name, each.name)) for each in _wanted(request, only)}


def predict_now_param() -> Param:
    """Whether the predictions of a new deployment replace the earlier ones at once."""
    return Param(
        False,
        type="boolean",
        title="Predict now",
        description="Score as soon as it is deployed: the data interval that has ended last, or all rows where there"
        " are no intervals. Otherwise readers see the earlier predictions until the next batch. SQL that asks for the"
        " interval needs a cron schedule or a preset for this.",
    )


def _wanted(request: type, only: tuple[str, ...]) -> list[Parameter]:
    return [each for each in parameters_of(request) if each.in_form and (not only or each.name in only)]


def _param(parameter: Parameter) -> Param:
    said = {"title": parameter.title, "description": parameter.description, **parameter.schema}
    return Param(**said) if parameter.is_required else Param(parameter.default, **said)
