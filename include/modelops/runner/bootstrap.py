"""Prepares the databases of an installation for its components."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from importlib.metadata import version
from queue import SimpleQueue
from typing import TYPE_CHECKING

from modelops.domain.errors import Unavailable
from modelops.runner.layout import private, read_json, rotated, tail, write_json
from modelops.runner.private_environment import hidden
from modelops.runner.processes import COMPONENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelops.runner.installation import Installation
    from modelops.runner.steps import Steps


@contextmanager
def database(installation: Installation, *, steps: Steps) -> Iterator[None]:
    """Start the embedded PostgreSQL, if there is one, and create the logins and databases; stop it at the end."""
    server = installation.server
    try:
        if server is not None:
            if not (installation.layout.postgres / "PG_VERSION").exists():
                with steps.step("PostgreSQL's data folder made"):
                    server.ensure_initialised()
            with steps.step("PostgreSQL started"):
                server.start()
        with steps.step("Logins and databases provided"):
            _provision(installation)
        yield
    finally:
        if server is not None:
            server.stop()


def migrate(installation: Installation, *, steps: Steps) -> None:
    """Migrate both databases to the newest schema, concurrently.

    Raises:
        Unavailable: a database can't be reached, or Airflow's own migration fails.
    """
    run_concurrently(
        lambda: migrate_registry(installation, steps=steps), lambda: migrate_airflow(installation, steps=steps)
    )


def migrate_registry(installation: Installation, *, steps: Steps) -> None:
    """Migrate the data database to the newest schema."""
    from modelops.registry.migrate import migrate

    with steps.step("Registry migrated"):
        migrate(installation.databases.url("owner"))


def migrate_airflow(installation: Installation, *, steps: Steps) -> None:
    """Migrate Airflow's database to its newest schema, unless this release of Airflow has already done so."""
    stamp = installation.layout.airflow / "migrated.json"
    release = version("apache-airflow")
    revision = _airflow_revision(installation)
    if revision is not None and read_json(stamp) == {"airflow": release, "revision": revision}:
        return
    with steps.step("Airflow's database migrated"):
        log = rotated(installation.layout.log("airflow-migrate"))
        written = log.stat().st_size if log.exists() else 0
        environment = {**installation.environment, COMPONENT: "airflow-migrate"}
        with open(log, "ab", opener=private) as output, hidden(("airflow", "db", "migrate"), environment) as how:
            done = subprocess.run(
                how.command,
                env=how.environment,
                pass_fds=[how.descriptor],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                check=False,
            )
        if done.returncode != 0:
            raise Unavailable(f"Airflow's database can't be migrated; the end of {log}:\n{tail(log, start=written)}")
    revision = _airflow_revision(installation)
    if revision is not None:
        write_json(stamp, {"airflow": release, "revision": revision})


def load_demo(installation: Installation, *, steps: Steps) -> None:
    """Load the demonstration's flights into the data database."""
    from demo.load import load

    with steps.step("Demonstration data loaded"):
        load(installation.databases.url("owner"))


def fetch_repositories(installation: Installation, *, steps: Steps) -> None:
    """Fetch the git repositories of models. A repository that can't be reached is reported; this is not an error."""
    from modelops.domain.errors import RepositoryError
    from modelops.repository.configuration import GitSource, read_sources

    try:
        sources = read_sources(installation.settings.installation.repositories)
    except RepositoryError as error:
        steps.say(f"! {error}")
        return
    for wrong in sources.errors.values():
        steps.say(f"! {wrong}")
    if not any(isinstance(source, GitSource) for source in sources.valid.values()):
        return
    environment = {**installation.environment, COMPONENT: "repositories"}
    with steps.step("Model repositories fetched"), hidden(("modelops.runner.fetching",), environment) as how:
        done = subprocess.run(
            how.command,
            env=how.environment,
            pass_fds=[how.descriptor],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            umask=0o077,
            check=False,
        )
    for line in done.stderr.splitlines():
        steps.say(f"! {line}")


def run_concurrently(*functions: Callable[[], None]) -> None:
    """Run each function in a thread, and raise the first error without waiting for the other functions."""
    outcomes: SimpleQueue[BaseException | None] = SimpleQueue()

    def run(function: Callable[[], None]) -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            outcomes.put(error)
        else:
            outcomes.put(None)

    for function in functions:
        threading.Thread(target=run, args=(function,), daemon=True).start()
    for _ in functions:
        error = outcomes.get()
        if error is not None:
            raise error


def _provision(installation: Installation) -> None:
    from modelops.registry.roles import provision

    databases = installation.databases
    provision(
        databases.admin_url,
        passwords=databases.secrets.roles,
        data_database=databases.data_database,
        airflow_database=databases.airflow_database,
    )


def _airflow_revision(installation: Installation) -> str | None:
    """The Alembic revision of Airflow's database; None if it has none, or if the user configured the database."""
    import psycopg

    url = installation.databases.airflow_url
    if url is None:
        return None
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.OperationalError as error:
        raise Unavailable(f"Airflow's database can't be reached: {error}") from error
    return str(row[0]) if row else None
