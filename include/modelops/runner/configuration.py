"""Airflow's configuration as environment variables.

All options are in Airflow's configuration reference. Variables that the user has set take precedence.
"""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from modelops.runner.databases import PASSWORD, VARIABLE
from modelops.runner.layout import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelops.runner.databases import Databases
    from modelops.runner.layout import Layout

MARKER = "MODELOPS_SUPERVISED"
"""Set to the installation's home, only in processes that the runner starts. `down` ends the processes that have it.
MODELOPS_HOME can't serve this purpose, because a user's shell and the programs started from it may have it."""

ROLES = {"admin": "admin", "trainer": "user", "reviewer": "user", "observer": "viewer"}
"""The accounts and their roles in Airflow's SimpleAuthManager."""

USERS = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
PASSWORDS_FILE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"

# Airflow's defaults suit installations on many machines. These values start downstream tasks and detect a crash sooner.
PACE = {
    "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
    "SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "5",
}

# A DAG file is parsed when it changes, and every fifteen minutes in case a change was missed. See
# modelops/airflow/deployment_bundle.py for the files of deployments. If Airflow has lost the DAGs of a file, its bundle
# requests another parse.
PARSING = {
    "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(
        [
            {
                "name": "deployments",
                "classpath": "modelops.airflow.deployment_bundle.DeploymentBundle",
                "kwargs": {"refresh_interval": 1},
            },
            {"name": "dags-folder", "classpath": "modelops.airflow.dags_folder_bundle.DagsFolderBundle", "kwargs": {}},
        ]
    ),
    "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "2",
    "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "900",
    "DAG_PROCESSOR__FILE_PARSING_SORT_MODE": "modified_time",
    # Each change is written at once, because the next parse of the file may be fifteen minutes later.
    "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
    # A DAG that its file no longer defines is deactivated after the next parse, even soon after another parse.
    "DAG_PROCESSOR__STALE_DAG_THRESHOLD": "10",
    # The table of all files is several kilobytes; three lines for each refresh would be about 15 MB per day.
    "DAG_PROCESSOR__PRINT_STATS_INTERVAL": "300",
    "LOGGING__NAMESPACE_LEVELS": "airflow.dag_processing.manager.DagFileProcessorManager=WARNING",
}


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of Airflow."""

    name: str
    role: str
    password: str


def accounts(layout: Layout, environ: Mapping[str, str] = MappingProxyType({})) -> dict[str, Account]:
    """The accounts by name: the runner's own and those that the user configured. Missing passwords are generated.

    Call it before Airflow starts: Airflow would generate missing passwords, and write them to its log.
    """
    file = Path(environ.get(PASSWORDS_FILE) or layout.passwords)
    users = (user.split(":") for user in environ.get(USERS, "").split(",") if ":" in user)
    roles = ROLES | {user[0].strip(): user[1].strip() for user in users}
    kept = read_json(file)
    missing = {name: secrets.token_urlsafe(12) for name in roles if name not in kept}
    if missing:
        kept |= missing
        write_json(file, kept)
    elif file.stat().st_mode & 0o077:  # Airflow creates the file readable by all users
        file.chmod(0o600)
    return {name: Account(name=name, role=role, password=kept[name]) for name, role in roles.items()}


def airflow_environment(
    layout: Layout, databases: Databases, *, port: int, environ: Mapping[str, str]
) -> dict[str, str]:
    """The environment of Airflow's components, based on the user's environment."""
    url = f"http://127.0.0.1:{port}"
    settings = (
        PACE
        | PARSING
        | {
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "4",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__DAGS_FOLDER": str(layout.root / "dags"),
            "CORE__PLUGINS_FOLDER": str(layout.root / "plugins"),
            "CORE__FERNET_KEY": databases.secrets.fernet_key,
            "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in ROLES.items()),
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords),
            "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
            "API__HOST": "127.0.0.1",
            "API__PORT": str(port),
            "API__BASE_URL": url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": databases.secrets.api_secret_key,
            "API_AUTH__JWT_SECRET": databases.secrets.jwt_secret,
            "LOGGING__BASE_LOG_FOLDER": str(layout.logs / "tasks"),
            "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(layout.logs / "dag_files"),
            "LOGGING__COLORED_CONSOLE_LOG": "False",
        }
    )
    if databases.airflow_url is not None:
        settings["DATABASE__SQL_ALCHEMY_CONN"] = databases.airflow_url.replace("postgresql", "postgresql+psycopg2", 1)
    ours = {f"AIRFLOW__{name}": value for name, value in settings.items()}
    chosen = {name: value for name, value in environ.items() if name.startswith("AIRFLOW__")}
    return ours | chosen | _process_environment(layout, databases, environ)


def observer_environment(layout: Layout, environment: Mapping[str, str]) -> dict[str, str]:
    """The observer's environment: that of Airflow's components, the address of the API, and the observer's account."""
    observer = accounts(layout, environment)["observer"]
    return {
        **environment,
        "MODELOPS_AIRFLOW_URL": environment["AIRFLOW__API__BASE_URL"],
        "MODELOPS_OBSERVER_USER": observer.name,
        "MODELOPS_OBSERVER_PASSWORD": observer.password,
    }


def _process_environment(layout: Layout, databases: Databases, environ: Mapping[str, str]) -> dict[str, str]:
    # Variables of Python and Airflow in the user's shell may belong to other projects.
    # Only the runner gets the address of the PostgreSQL server and the passwords.
    excluded = ("AIRFLOW_HOME", "AIRFLOW_CONFIG", VARIABLE)
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(("PYTHON", "AIRFLOW__", PASSWORD)) and name not in excluded
    }
    local = "127.0.0.1,localhost"
    no_proxy = {name: f"{kept[name]},{local}" if kept.get(name) else local for name in ("NO_PROXY", "no_proxy")}
    return {
        **kept,
        **no_proxy,
        "PATH": f"{Path(sys.executable).parent}:{environ.get('PATH', '/usr/bin:/bin')}",
        "PYTHONPATH": str(layout.root / "include"),
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        # Without it, processes that set their title overwrite their environment, which has the MARKER.
        "SPT_NOENV": "1",
        MARKER: str(layout.home),
        "MODELOPS_HOME": str(layout.home),
        "AIRFLOW_HOME": str(layout.airflow),
        "AIRFLOW_CONN_MODELOPS": databases.url("jobs"),
        "AIRFLOW_CONN_MODELOPS_SQL": databases.url("sql"),
        "AIRFLOW_CONN_MODELOPS_FEATURES": databases.url("features"),
        "AIRFLOW_CONN_MODELOPS_READER": databases.url("reader"),
    }
