"""The reference has every word that the code has: states, events, routes, commands, keys, messages, variables."""

from __future__ import annotations

import argparse
import ast
import json
import re
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from documents import DOCUMENTS, ROOT
from modelops.domain.job_types import JobType
from modelops.domain.jobs import Event, JobStatus, WaitsFor
from modelops.repository import definition, policy, task_definition
from modelops.runner.cli import parser
from modelops.settings import InstallationSettings, MachineSettings

if TYPE_CHECKING:
    from enum import StrEnum

    from pydantic import BaseModel

INTERNAL = {"MODELOPS_CHILD", "MODELOPS_COMPONENT", "MODELOPS_SUPERVISED"}
"""Marks by which the product finds its own processes."""


MESSAGES = "docs/reference/messages.md"


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


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


def test_the_row_of_a_command_has_its_options() -> None:
    rows = re.findall(r"^\| (`\./modelops (\w+).*)$", read("docs/reference/command-line.md"), re.MULTILINE)
    text = {command: "".join(row for row, of in rows if of == command) for _, command in rows}
    subparsers = next(each for each in parser()._actions if isinstance(each, argparse._SubParsersAction))
    options = {
        (command, option)
        for command, one in subparsers.choices.items()
        for action in one._actions
        for option in action.option_strings
        if option not in ("-h", "--help")
    }
    assert {(command, option) for command, option in options if option not in text[command]} == set()


@pytest.mark.parametrize(
    ("page", "files"),
    [
        ("model-folder", (definition._ModelFile, definition._ConfigFile, definition._DatasetsFile, policy._PolicyFile)),
        ("statistics-and-drift", (definition._DriftSection,)),
        ("performance", (definition._LabelsSection,)),
        ("feature-task", (task_definition._TaskFile, task_definition._RowsFile)),
    ],
)
def test_the_page_of_a_file_has_its_keys(page: str, files: tuple[type[BaseModel], ...]) -> None:
    text = read(f"docs/reference/{page}.md")
    keys = {field.alias or name for file in files for name, field in file.model_fields.items()}
    assert {key for key in keys if not re.search(rf"`{key}`|^ *{key}:|\b{key}: ", text, re.MULTILINE)} == set()


def test_the_row_of_a_route_has_its_parameters() -> None:
    rows = {row.split("`")[1]: row for row in read("docs/reference/jobs-api.md").splitlines() if row.startswith("| `")}
    described = json.loads(read("plugins/jobs_view/openapi.json"))
    asked = {
        (f"{method.upper()} /modelops{path}", one["name"])
        for path, methods in described["paths"].items()
        for method, route in methods.items()
        for one in route.get("parameters", [])
        if one["in"] == "query"
    }
    assert {(route, name) for route, name in asked if not re.search(rf"`{name}[`=]", rows[route])} == set()


def test_the_page_of_the_settings_has_what_the_runner_sets_of_airflow() -> None:
    text = read("docs/reference/settings.md")
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \| (.*) \|$", text.partition("## Airflow's settings")[2], re.MULTILINE)
    shown = {key for sections, keys in rows for key in re.findall(r"`([A-Z_]+)`", sections + keys)}
    names = re.findall(r'"([A-Z_]+?)__([A-Z_]+)":?', read("include/modelops/runner/configuration.py"))
    assert {one for section, key in names if section != "AIRFLOW" for one in (section, key)} == shown


INTERPOLATED = {"train is async", "is a number", "train() raised", "the SELECT lacks", "run_task() raised"}
"""Pieces of messages that the code puts together of words that are shorter than what is compared."""
OF_AIRFLOW = {"Invalid input for param model", "does not match"}


def test_the_messages_are_those_of_the_product() -> None:
    """A piece of a message, between names and numbers, shares twelve characters with a text of the product."""
    folders = ("include", "plugins", "dags")
    sources = [ast.parse(path.read_text("utf-8")) for each in folders for path in (ROOT / each).rglob("*.py")]
    texts = [one.value for tree in sources for one in ast.walk(tree) if isinstance(one, ast.Constant)]
    triggers = [path.read_text("utf-8").replace("''", "'") for path in (ROOT / "include").rglob("*.sql")]
    product = "\0".join([*(text for text in texts if isinstance(text, str)), *triggers])
    shown = re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^\| (`.*?) \| ", read(MESSAGES), re.MULTILINE)))
    pieces = {piece.strip(" ;:") for message in shown for piece in message.replace("\\|", "|").split("…")}
    unknown = {one for one in pieces if len(one) > 2 and not _shares(one, product)}
    assert unknown == INTERPOLATED | OF_AIRFLOW


def _shares(piece: str, text: str) -> bool:
    size = min(len(piece), 12)
    return any(piece[start : start + size] in text for start in range(len(piece) - size + 1))


def test_the_objects_of_the_schema_that_documents_name_exist() -> None:
    made = set(re.findall(r"(?:TABLE|VIEW|FUNCTION|TYPE) modelops\.(\w+)", read("docs/schema.sql")))
    made |= {path.stem for path in (ROOT / "include/modelops").iterdir()}
    made |= {"port", "password"}  # files of the embedded PostgreSQL
    for document in set(DOCUMENTS) - {ROOT / "CHANGELOG.md"}:
        named = set(re.findall(r"\bmodelops\.([a-z]\w*)", document.read_text(encoding="utf-8")))
        assert {name for name in named - made if not name.startswith("interval_")} == set(), document.name


def test_every_variable_of_the_product_is_documented() -> None:
    pages = "".join((ROOT / f"docs/reference/{name}.md").read_text(encoding="utf-8") for name in ("settings", "bounds"))
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "include/modelops").rglob("*.py"))
    read = set(re.findall(r"MODELOPS_[A-Z_]+", code))
    assert {name for name in read if name not in pages} <= INTERNAL


@pytest.mark.parametrize(
    ("group", "heading", "other"),
    [
        (InstallationSettings, "## Settings of the installation", "## Settings of a machine"),
        (MachineSettings, "## Settings of a machine", "## Settings of the installation"),
    ],
)
def test_a_setting_is_in_the_group_of_its_class(
    group: type[InstallationSettings | MachineSettings], heading: str, other: str
) -> None:
    environ = Mock(get=Mock(return_value=None))
    group.from_environment(environ)
    asked = {call.args[0] for call in environ.get.call_args_list}
    if group is InstallationSettings:
        asked.remove("MODELOPS_HOME")  # for the default of MODELOPS_ARTIFACTS
    assert asked - _variables_below(heading) == set()
    assert asked & _variables_below(other) == set()


def _variables_below(heading: str) -> set[str]:
    section = read("docs/reference/settings.md").partition(f"{heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"MODELOPS_[A-Z_]+", section))
