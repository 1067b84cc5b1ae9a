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
from modelops.runner.bootstrap import load_demo, migrate_airflow, migrate_registry, side_by_side
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
"""As whom `psql` may go in: the logins of the data database, Airflow's of its own, the administrator of the data."""


def migrate(installation: Installation, *, steps: Steps) -> int:
    """Bring both databases to the newest schema."""
    if is_up(installation):
        check_running_code(installation, command="migrate")
    with with_database(installation, steps=steps, command="migrate"):
        side_by_side(
            lambda: migrate_registry(installation, steps=steps), lambda: migrate_airflow(installation, steps=steps)
        )
    return 0


def psql(installation: Installation, *, steps: Steps, login: str, arguments: Sequence[str]) -> int:
    """Open psql on the data database as one of its logins, or on Airflow's own."""
    with with_database(installation, steps=steps, command="psql"):
        address, password = _without_password(_address(installation, login))
        # Ctrl-C is for psql, which cancels the query. A handler, unlike SIG_IGN, isn't handed down.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            program = [str(binaries() / "psql"), *arguments, address]
            return subprocess.run(program, env={**os.environ, "PGPASSWORD": password}, check=False).returncode
        finally:
            signal.signal(signal.SIGINT, before)


def airflow(installation: Installation, *, arguments: Sequence[str]) -> int:
    """Become Airflow's command line, with the settings that its components have."""
    program = [sys.executable, "-m", "airflow", *arguments]
    os.execve(sys.executable, program, installation.environment)  # noqa: S606 - the arguments are a list


def check(installation: Installation, *, steps: Steps, folder: Path) -> int:
    """Try a model on a few rows, or check a feature task, without Airflow; of a repository, all that it has."""
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
    # Only what is about the folder is shown.
    with with_database(installation, steps=Quiet(), command="check"):
        _make_ready(installation)
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
    """Try what each login of the data database must be able to do and must not; returns 1 if anything is wrong.

    A server of the user's is left as it is: no login is made, no password is set.
    """
    from modelops.registry.login_check.check import check_logins

    installation.layout.prepare()
    with (
        with_database(installation, steps=Quiet(), command="check-connections")
        if installation.embedded
        else nullcontext()
    ):
        if installation.embedded:
            _make_ready(installation)
        databases = installation.databases
        report = check_logins({f"modelops_{role}": databases.url(role) for role in ROLES})
    for line in report.lines():
        steps.say(line)
    found = len(report.findings)
    mark, end = ("✗", "1 finding" if found == 1 else f"{found} findings") if found else ("✓", "no findings")
    steps.say(f"{mark} {report.server}: {report.trials} statements tried as {', '.join(report.tried)}; {end}")
    return 1 if found else 0


def _make_ready(installation: Installation) -> None:
    """Let a database of our own that was never used have what there is after `up`: it may be the first command."""
    import psycopg

    if not installation.embedded:
        return
    load_demo(installation, steps=Quiet())
    with psycopg.connect(installation.databases.url("owner"), autocommit=True) as connection:
        new = connection.execute("SELECT to_regclass('modelops.job') IS NULL").fetchone() == (True,)
    if new:
        migrate_registry(installation, steps=Quiet())


def init(installation: Installation, *, steps: Steps, place: Path, table: str, target: str, key: Sequence[str]) -> int:
    """Write the folder of a new model, and say what comes next."""
    from modelops.kinds.model.init import init_model
    from modelops.repository.catalogue import reference_of
    from modelops.repository.kinds import MODELS

    with with_database(installation, steps=Quiet(), command="init"):
        _make_ready(installation)
        url = installation.databases.url("sql")
        folder, said = init_model(place, table=table, target=target, key=key, sql_url=url)
    steps.say(f"✓ {folder}: {said}")
    steps.say(f"  Try it: ./modelops check {folder}")
    if reference_of(MODELS, folder, installation.settings.installation) is None:
        steps.say(f"  To run it, name its repository in {installation.settings.installation.repositories}:")
        steps.say(f"    mine: {{path: {place.parent.resolve()}}}")
    return 0


def prune(installation: Installation, *, steps: Steps, days: int, sure: bool) -> int:
    """Say what superseded rows take, and remove them if `sure`."""
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
                if sure:
                    removed = sum(prune_target(ledger, one["target"], days=days))
                    steps.say(f"{one['target']}: {removed:,} rows removed")
            if found and not sure:
                steps.say(f"Nothing was removed: `./modelops prune --older-than {days} --yes` removes these rows.")
    return 0


def prune_environments(installation: Installation, *, steps: Steps, sure: bool) -> int:
    """Say which environments and pinned packages no version needs, and remove them if `sure`."""
    import psycopg

    from modelops.registry.translation import translated
    from modelops.registry.write import sweeping
    from modelops.runtime.environment_pruning import find_unneeded, remove_unneeded

    with with_database(installation, steps=Quiet(), command="prune"):
        url = installation.databases.url("jobs")
        with translated(), psycopg.connect(url, autocommit=True, application_name="modelops prune") as ledger:
            if sure:
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
    done = "freed" if sure else "would be freed"
    steps.say(f"environments: {environments}, files of pinned packages: {locks}; {_size(frees)} {done}")
    if linked:
        steps.say(f"{_size(linked)} more are shared with uv's cache, and are freed by `.venv/bin/uv cache clean`.")
    if not sure:
        steps.say("Nothing was removed: `./modelops prune --environments --yes` removes them.")
    return 0


def _size(count: int) -> str:
    return f"{count / MEBIBYTE:,.1f} MiB"


def _address(installation: Installation, login: str) -> str:
    databases = installation.databases
    if login == "airflow":
        if databases.airflow_url is None:
            raise BadInput(
                "Airflow's metadata is not where the runner put it", where="--role airflow", expected="another login"
            )
        return databases.airflow_url
    if login == "admin":
        return urlunsplit(urlsplit(databases.admin_url)._replace(path=f"/{databases.data_database}"))
    return databases.url(login)


def _without_password(url: str) -> tuple[str, str]:
    """The URL without its password, and the password: every user of the machine can read a command line."""
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{where}")), unquote(parts.password or "")
