"""The environment of Airflow's components."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from modelops.runner.configuration import MARKER, airflow_environment, observer_environment
from modelops.runner.databases import Databases
from modelops.runner.layout import Layout, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

Environment = dict[str, str]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(home=tmp_path / "home")
    made.prepare()
    return made


@pytest.fixture
def environment(layout: Layout) -> Callable[..., Environment]:
    def make(**environ: str) -> Environment:
        databases = Databases(
            admin_url="postgresql://postgres:admins-secret@127.0.0.1:5433/postgres",
            data_database="modelops",
            airflow_database="airflow",
            secrets=Secrets.load(layout.secrets),
        )
        return airflow_environment(layout, databases, port=8081, environ=environ)

    return make


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """Airflow's own reference of its settings, found without importing Airflow."""
    spec = importlib.util.find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    described: dict[str, Any] = yaml.safe_load(
        Path(spec.origin).parent.joinpath("config_templates", "config.yml").read_text(encoding="utf-8")
    )
    return described


def test_every_setting_is_one_that_airflow_knows(
    environment: Callable[..., Environment], reference: dict[str, Any]
) -> None:
    for name in environment():
        if name.startswith("AIRFLOW__"):
            section, option = name.removeprefix("AIRFLOW__").lower().split("__", 1)
            assert option in reference[section]["options"], f"Airflow has no setting {name}"


def test_passwords_of_the_databases_are_the_runners_alone(environment: Callable[..., Environment]) -> None:
    given = {"MODELOPS_DATABASE_PASSWORD_OWNER": "the owner's", "MODELOPS_DATABASE_PASSWORD_JOBS_FILE": "/run/jobs"}
    made = environment(**given, MODELOPS_DATABASE_URL="postgresql://boss:x@db/warehouse")
    assert not {name for name in made if name.startswith("MODELOPS_DATABASE_")}


def test_everything_listens_on_this_machine_only(environment: Callable[..., Environment]) -> None:
    made = environment()
    assert made["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert made["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8081"
    assert made["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"


def test_what_the_user_has_set_wins(environment: Callable[..., Environment]) -> None:
    made = environment(AIRFLOW__CORE__PARALLELISM="16", AIRFLOW__CORE__DAGS_FOLDER="/elsewhere", EDITOR="vi")
    assert made["AIRFLOW__CORE__PARALLELISM"] == "16"
    assert made["AIRFLOW__CORE__DAGS_FOLDER"] == "/elsewhere"
    assert made["EDITOR"] == "vi"


def test_what_belongs_to_another_project_is_left_out(environment: Callable[..., Environment], layout: Layout) -> None:
    made = environment(AIRFLOW_HOME="/other", PYTHONPATH="/other", PYTHONDONTWRITEBYTECODE="1", PYTHONHOME="/other")
    assert made["AIRFLOW_HOME"] == str(layout.airflow)
    assert made["PYTHONPATH"] == str(layout.root / "include")
    assert "PYTHONHOME" not in made
    assert "PYTHONDONTWRITEBYTECODE" not in made, "every start would compile Airflow anew"


def test_nobody_gets_the_administrators_password(environment: Callable[..., Environment], layout: Layout) -> None:
    made = environment(MODELOPS_DATABASE_URL="postgresql://boss:admins-secret@db/warehouse")
    for name, value in observer_environment(layout, made).items():
        assert "admins-secret" not in value, name


def test_the_components_can_be_told_from_all_else(environment: Callable[..., Environment], layout: Layout) -> None:
    made = environment()
    assert made[MARKER] == str(layout.home)
    assert made["SPT_NOENV"] == "1"


def test_a_proxy_is_not_asked_for_this_machines_own_address(environment: Callable[..., Environment]) -> None:
    made = environment(HTTP_PROXY="http://proxy:3128", NO_PROXY="intern.example.com")
    assert made["NO_PROXY"] == "intern.example.com,127.0.0.1,localhost"
    assert made["no_proxy"] == "127.0.0.1,localhost"
