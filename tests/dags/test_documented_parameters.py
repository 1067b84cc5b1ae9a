"""The page of the DAGs and their parameters has what the DAGs have: names and defaults."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from modelops.airflow.params import params_of
from modelops.domain.requests import BatchRequest
from modelops.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from airflow.sdk import DAG

PAGE = PROJECT_ROOT / "docs/reference/dags-and-parameters.md"
OF_A_DEPLOYMENT = "deployment_<number>"
PLAIN = (str, int, float, dict, type(None))
"""Types of defaults; a required parameter has a mark of Airflow's in place of one."""
REQUIRED = {"model", "deployment", "task", "rule", "file"}


def documented() -> dict[str, str]:
    """The row of each DAG in the table of parameters."""
    table = PAGE.read_text(encoding="utf-8").partition("## Parameters")[2].partition("\n\n`model` is required.")[0]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", table, re.MULTILINE)
    return {dag: row for cell, row in rows for dag in re.findall(r"`([^`]+)`", cell)}


def defaults(row: str) -> dict[str, Any]:
    """What a row says in parentheses after a name: a JSON value, or the word required."""
    found = re.findall(r'`(\w+)` \((required|null|true|false|-?[\d.]+|"[^"]*"|\{\})(?=[:)])', row)
    return {name: ... if text == "required" else json.loads(text) for name, text in found}


def test_the_page_has_every_dag_and_every_parameter(dags: dict[str, DAG]) -> None:
    names = {dag_id: set(dag.params) for dag_id, dag in dags.items()}
    assert names.pop("alert_notifications") == names.pop("connection_check") == set()
    names[OF_A_DEPLOYMENT] = set(params_of(BatchRequest)) - {"deployment"}
    assert {dag: set(re.findall(r"`(\w+)`", row)) for dag, row in documented().items()} == names


def test_the_page_has_the_defaults(dags: dict[str, DAG]) -> None:
    rows = documented()
    del rows[OF_A_DEPLOYMENT]
    for dag_id, row in rows.items():
        values = {name: dags[dag_id].params.get_param(name).value for name in dags[dag_id].params}
        declared = {name: value if isinstance(value, PLAIN) else ... for name, value in values.items()}
        said = defaults(row)
        assert {name: declared[name] for name in said} == said, dag_id
        assert {name for name, value in declared.items() if value is ...} <= REQUIRED, dag_id
        assert {name for name, value in declared.items() if value not in (None, ...)} <= set(said), dag_id
