"""The reference has every word that the code has: states, events, routes, commands, parameters, variables."""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from documents import ROOT
from modelops.domain import requests
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Event, JobStatus, WaitsFor
from modelops.runner.cli import parser

if TYPE_CHECKING:
    from enum import StrEnum

INTERNAL = {"MODELOPS_CHILD", "MODELOPS_COMPONENT", "MODELOPS_SUPERVISED"}
"""Marks by which the product finds its own processes."""


def first_cells(page: str) -> set[str]:
    """The texts in code in the first cells of a page's tables."""
    rows = re.findall(r"^\| (.*?) \|", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`([^`]+)`", row)}


@pytest.mark.parametrize("enumeration", [JobStatus, Event, JobType, WaitsFor], ids=lambda one: one.__name__)
def test_the_ledgers_page_has_every_word_of_the_ledger(enumeration: type[StrEnum]) -> None:
    assert {str(member) for member in enumeration} <= first_cells("docs/reference/ledger.md")


def test_the_page_of_the_api_has_every_route() -> None:
    described = json.loads((ROOT / "plugins/jobs_view/openapi.json").read_text(encoding="utf-8"))
    routes = {
        f"{method.upper()} /modelops{path}"
        for path, methods in described["paths"].items()
        if path.startswith("/api/")
        for method in methods
    }
    assert routes <= first_cells("docs/reference/jobs-api.md")


def test_the_page_of_the_command_line_has_every_command() -> None:
    shown = {code.split()[1] for code in first_cells("docs/reference/command-line.md")}
    subparsers = [each for each in parser()._actions if isinstance(each, argparse._SubParsersAction)]
    assert shown == set(subparsers[0].choices)


def test_the_page_of_the_dags_has_every_parameter() -> None:
    text = (ROOT / "docs/reference/dags-and-parameters.md").read_text(encoding="utf-8")
    asked = (requests.DeploymentRequest, requests.BatchRequest, requests.ScheduleRequest, requests.RetirementRequest)
    asked += (requests.TrainingRequest, requests.EvaluationRequest, requests.FeatureBatchRequest)
    names = {one.name for request in asked for one in fields(request)} - {"evaluate_dataset", "deployment"}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_variable_of_the_product_is_documented() -> None:
    pages = "".join((ROOT / f"docs/reference/{name}.md").read_text(encoding="utf-8") for name in ("settings", "bounds"))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "include/modelops").rglob("*.py"))
    read = set(re.findall(r"MODELOPS_[A-Z_]+", code))
    assert {name for name in read if name not in pages} <= INTERNAL
