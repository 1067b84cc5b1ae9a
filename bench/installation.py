"""An installation for benchmarks: a PostgreSQL of its own with durable settings, and a table of rows."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from modelops.jobs.run import Resources
    from modelops.runtime.environment import Environment
    from modelops.settings import Settings

DATABASE = "modelops"
FEATURES = [f"x{number}" for number in range(10)]
REPORTED = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", "shared_buffers", "max_wal_size")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The addresses and folders of an installation; they can be passed to another process as JSON."""

    folder: Path
    port: int
    bin: Path
    admin_url: str
    passwords: dict[str, str]

    def url(self, login: str) -> str:
        """The URL of the data database for this login."""
        return f"postgresql://{login}:{self.passwords[login]}@127.0.0.1:{self.port}/{DATABASE}"

    def connect(self) -> Connection[Any]:
        """A connection like that of a job."""
        return psycopg.connect(self.url("modelops_jobs"), autocommit=True, application_name="modelops job")

    def admin(self) -> Connection[Any]:
        """A connection with administration rights."""
        return psycopg.connect(self.admin_url, autocommit=True)

    def settings(self) -> Settings:
        """The settings of a job."""
        from modelops.settings import InstallationSettings, MachineSettings, Settings

        return Settings(
            installation=InstallationSettings(
                artifacts=(self.folder / "artifacts").as_uri(), repositories=self.folder / "repositories.yaml"
            ),
            machine=MachineSettings(home=self.folder / "home"),
        )

    def environment_of(self, model: str) -> Environment:
        """The environment of a model's requirements; a job has built it already."""
        from modelops.runtime.environment import build, resolve

        file = Path("model_definitions", model, "model_modules", "requirements.txt")
        text = (self.folder / "repository" / file).read_text(encoding="utf-8")
        lock = resolve(text, machine=self.settings().machine, where=str(file), log=lambda _: None)
        return build(lock, machine=self.settings().machine, where=str(file), log=lambda _: None)

    def resources(self) -> Resources:
        """The resources of a job. Modules are imported here, as in an operator, since that is part of a job's time."""
        from modelops.airflow.timetables import plan
        from modelops.data.artifacts import ArtifactStore
        from modelops.jobs.run import Resources

        return Resources(
            connect=self.connect,
            ledger_url=self.url("modelops_jobs"),
            rows_url=self.url("modelops_sql"),
            features_url=self.url("modelops_features"),
            store=ArtifactStore(self.folder / "artifacts"),
            settings=self.settings(),
            plan=plan,
        )

    def psql(self, *statements: str, input_file: Path | None = None, output_file: Path | None = None) -> None:
        """Execute statements with psql as the administrator; each is a transaction of its own."""
        command = [str(self.bin / "psql"), self.admin_url, "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        command += [argument for statement in statements for argument in ("-c", statement)]
        with open(input_file or "/dev/null", "rb") as source, open(output_file or "/dev/null", "wb") as sink:
            subprocess.run(command, stdin=source, stdout=sink, check=True)

    def checkpoint(self) -> None:
        """Run a checkpoint, so that no measurement includes the writes of an earlier one."""
        with self.admin() as connection:
            connection.execute("CHECKPOINT")

    def settings_of_server(self) -> dict[str, str]:
        """The server's version, and the settings that affect speed."""
        with self.admin() as connection:
            shown = {name: connection.execute(f"SHOW {name}").fetchone() for name in ("server_version", *REPORTED)}
        return {name: row[0] for name, row in shown.items() if row}

    def to_json(self) -> str:
        """Serialize the installation for `from_json` in another process."""
        return json.dumps({**vars(self), "folder": str(self.folder), "bin": str(self.bin)})

    @classmethod
    def from_json(cls, text: str) -> Installation:
        """Restore the installation from the result of `to_json`."""
        values = json.loads(text)
        return cls(**values | {"folder": Path(values["folder"]), "bin": Path(values["bin"])})


@contextmanager
def temporary_installation(repository: Path) -> Iterator[Installation]:
    """Create an installation in a temporary folder and remove it at the end.

    Args:
        repository: the folder with its models and feature tasks.
    """
    from modelops.registry.migrate import migrate
    from modelops.registry.privileges import LOGINS
    from modelops.registry.roles import provision
    from modelops.runner.postgres import PostgresServer

    with tempfile.TemporaryDirectory(prefix="modelops-bench-") as name:
        folder = Path(name)
        server = PostgresServer(folder / "postgres", folder / "postgres.log", durable=True)
        server.start()
        try:
            passwords = {login: secrets.token_urlsafe(16) for login in LOGINS}
            provision(server.admin_url, passwords=passwords, data_database=DATABASE, airflow_database=None)
            installation = Installation(
                folder=folder,
                port=server.port,
                bin=server.bin,
                admin_url=server.admin_url.rsplit("/", 1)[0] + f"/{DATABASE}",
                passwords=passwords,
            )
            migrate(installation.url("modelops_owner"))
            add_repository(folder, repository)
            yield installation
        finally:
            server.stop()


def add_repository(folder: Path, repository: Path) -> None:
    """Copy a ModelOps repository to the folder of an installation, and configure it there as `bench`."""
    # A copy outside of git, so that uncommitted changes can be measured too.
    ignored = shutil.ignore_patterns("__pycache__", "*.py[co]")
    for kind in ("model_definitions", "feature_engineering_tasks"):
        if (repository / kind).exists():
            shutil.copytree(repository / kind, folder / "repository" / kind, ignore=ignored)
    repositories = {"repositories": {"bench": {"path": str(folder / "repository")}}}
    (folder / "repositories.yaml").write_text(json.dumps(repositories), encoding="utf-8")


def make_rows(installation: Installation, table: str, rows: int) -> None:
    """Create a table with this many rows: the key `id` and ten float8 between -1 and 1, the same every time."""
    columns = ", ".join(f"{name} float8 NOT NULL" for name in FEATURES)
    values = ", ".join("random() * 2 - 1" for _ in FEATURES)
    with installation.admin() as connection:
        connection.execute(f"CREATE TABLE {table} (id bigint PRIMARY KEY, {columns}) WITH (autovacuum_enabled = off)")
        connection.execute("SELECT setseed(0.5)")
        connection.execute(f"INSERT INTO {table} SELECT id, {values} FROM generate_series(1, {rows}) AS id")  # noqa: S608
        connection.execute(f"GRANT SELECT ON {table} TO modelops_sql")
        connection.execute(f"VACUUM (ANALYZE) {table}")
