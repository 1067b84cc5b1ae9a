"""The commands that need the databases but not Airflow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from modelops.domain.errors import BadInput
from modelops.runner import bootstrap
from modelops.runner.databases import ROLES
from modelops.runner.postgres import binaries
from modelops.runner.steps import Quiet
from modelops.runner.up import check_running_code, is_up, with_database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps

MEBIBYTE = 2**20
LOGINS = ("reader", "owner", "jobs", "sql", "features", "airflow", "admin")
"""The logins of `psql`: those of the data database, the login of Airflow's database, and the administrator."""


def migrate(installation: Installation, *, steps: Steps) -> int:
    """Migrate both databases to the newest schema."""
    if is_up(installation):
        check_running_code(installation, command="migrate")
    with with_database(installation, steps=steps, command="migrate"):
        bootstrap.migrate(installation, steps=steps)
    return 0


def psql(installation: Installation, *, steps: Steps, login: str, arguments: Sequence[str]) -> int:
    """Open psql on the data database as one of its logins, or on Airflow's database."""
    with with_database(installation, steps=steps, command="psql"):
        address, password = _without_password(_address(installation, login))
        # On Ctrl-C, psql cancels the query. Child processes inherit SIG_IGN but not a handler.
        previous = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            program = [str(binaries() / "psql"), *arguments, address]
            return subprocess.run(program, env={**os.environ, "PGPASSWORD": password}, check=False).returncode
        finally:
            signal.signal(signal.SIGINT, previous)


def airflow(installation: Installation, *, arguments: Sequence[str]) -> int:
    """Replace this process with Airflow's command line, with the environment of Airflow's components."""
    program = [sys.executable, "-m", "airflow", *arguments]
    os.execve(sys.executable, program, installation.environment)  # noqa: S606 - the arguments are a list


def check(installation: Installation, *, steps: Steps, folder: Path) -> int:
    """Check a model, on a few rows, or a feature task, without Airflow; for a repository, all of them."""
    import psycopg

    from modelops.kinds.check import check as check_what_it_is
    from modelops.registry.schema import check_schema
    from modelops.registry.translation import translated

    if not folder.is_dir():
        raise BadInput(
            f"there is no folder {folder}",
            where="./modelops check FOLDER",
            expected="the folder of a model, of a feature task or of a repository",
        )
    # Only messages about the folder are shown.
    with with_database(installation, steps=Quiet(), command="check"):
        _prepare_database(installation)
        url = installation.databases.url("jobs")
        with translated(), psycopg.connect(url, autocommit=True, application_name="modelops check") as ledger:
            check_schema(ledger)
            check_what_it_is(
                folder.resolve(),
                sql_url=installation.databases.url("sql"),
                ledger=ledger,
                settings=installation.settings,
                echo=steps.say,
            )
    return 0


def check_connections(installation: Installation, *, steps: Steps) -> int:
    """Test the privileges of each login of the data database; returns 1 if there are findings.

    On an external server, nothing is changed: no login is created, and no password is set.
    """
    from modelops.registry.login_check.check import check_logins

    installation.layout.prepare()
    with (
        with_database(installation, steps=Quiet(), command="check-connections")
        if installation.embedded
        else nullcontext()
    ):
        if installation.embedded:
            _prepare_database(installation)
        databases = installation.databases
        report = check_logins({f"modelops_{role}": databases.url(role) for role in ROLES})
    for line in report.lines():
        steps.say(line)
    found = len(report.findings)
    mark, end = ("✗", "1 finding" if found == 1 else f"{found} findings") if found else ("✓", "no findings")
    steps.say(f"{mark} {report.server}: {report.trials} statements tried as {', '.join(report.tried)}; {end}")
    return 1 if found else 0


def _prepare_database(installation: Installation) -> None:
    """Load the demonstration data and create the registry in a new embedded database, as `up` does."""
    import psycopg

    if not installation.embedded:
        return
    bootstrap.load_demo(installation, steps=Quiet())
    with psycopg.connect(installation.databases.url("owner"), autocommit=True) as connection:
        is_new = connection.execute("SELECT to_regclass('modelops.job') IS NULL").fetchone() == (True,)
    if is_new:
        bootstrap.migrate_registry(installation, steps=Quiet())


def init(installation: Installation, *, steps: Steps, path: Path, table: str, target: str, key: Sequence[str]) -> int:
    """Write the folder of a new model, and print the next commands."""
    from modelops.kinds.model.init import init_model
    from modelops.repository.catalogue import reference_of
    from modelops.repository.kinds import MODELS

    with with_database(installation, steps=Quiet(), command="init"):
        _prepare_database(installation)
        url = installation.databases.url("sql")
        folder, summary = init_model(path, table=table, target=target, key=key, sql_url=url)
    steps.say(f"✓ {folder}: {summary}")
    steps.say(f"  Try it: ./modelops check {folder}")
    if reference_of(MODELS, folder, installation.settings.installation) is None:
        steps.say(f"  To run it, name its repository in {installation.settings.installation.repositories}:")
        steps.say(f"    mine: {{path: {path.parent.resolve()}}}")
    return 0


def prune(installation: Installation, *, steps: Steps, days: int, remove: bool) -> int:
    """List the size of superseded rows by target; with `remove`, remove them."""
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import sweeping
    from modelops.stages.sweep import prune as prune_target

    with with_database(installation, steps=Quiet(), command="prune"):
        url = installation.databases.url("jobs")
        with translated(), psycopg.connect(url, autocommit=True, application_name="modelops prune") as ledger:
            found = sweeping.prunable(ledger, days=days)
            if not found:
                steps.say(f"No rows were superseded {days} days ago or earlier.")
            for one in found:
                what = f"{one['rows']:,} rows of {one['runs']:,} runs"
                steps.say(f"{one['target']}: {what}, about {one['bytes'] / MEBIBYTE:,.0f} MiB")
                if remove:
                    removed = sum(prune_target(ledger, one["target"], days=days))
                    steps.say(f"{one['target']}: {removed:,} rows removed")
            if found and not remove:
                steps.say(f"Nothing was removed: `./modelops prune --older-than {days} --yes` removes these rows.")
    return 0


def prune_environments(installation: Installation, *, steps: Steps, remove: bool) -> int:
    """List the environments and lock files that no version needs; with `remove`, remove them."""
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import sweeping
    from modelops.runtime.environment_pruning import find_unneeded, remove_unneeded

    with with_database(installation, steps=Quiet(), command="prune"):
        url = installation.databases.url("jobs")
        with translated(), psycopg.connect(url, autocommit=True, application_name="modelops prune") as ledger:
            if remove:
                found = remove_unneeded(installation.settings.machine, lambda: sweeping.needed_requirements(ledger))
            else:
                found = iter(find_unneeded(installation.settings.machine, sweeping.needed_requirements(ledger)))
            environments = locks = frees = linked = 0
            for one in found:
                if one.is_environment:
                    steps.say(f"environments/{one.path.name}: {_size(one.frees + one.linked)}")
                environments += one.is_environment
                locks += not one.is_environment
                frees, linked = frees + one.frees, linked + one.linked
    if not environments + locks:
        steps.say("Nothing to remove: every environment is needed or in use.")
        return 0
    done = "freed" if remove else "would be freed"
    steps.say(f"environments: {environments}, files of pinned packages: {locks}; {_size(frees)} {done}")
    if linked:
        steps.say(f"{_size(linked)} more are shared with uv's cache, and are freed by `.venv/bin/uv cache clean`.")
    if not remove:
        steps.say("Nothing was removed: `./modelops prune --environments --yes` removes them.")
    return 0


def _size(count: int) -> str:
    return f"{count / MEBIBYTE:,.1f} MiB"


def _address(installation: Installation, login: str) -> str:
    databases = installation.databases
    if login == "airflow":
        if databases.airflow_url is None:
            raise BadInput(
                "the user configured the database of Airflow's metadata",
                where="--role airflow",
                expected="another login",
            )
        return databases.airflow_url
    if login == "admin":
        return urlunsplit(urlsplit(databases.admin_url)._replace(path=f"/{databases.data_database}"))
    return databases.url(login)


def _without_password(url: str) -> tuple[str, str]:
    """The URL without its password, and the password. All users of the machine can read a command line."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{host}")), unquote(parts.password or "")
