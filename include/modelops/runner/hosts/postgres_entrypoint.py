"""Replaces the entry point of the official PostgreSQL image: creates the data folder once, then becomes the server.

It reads POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS and PGDATA as the original does
(https://hub.docker.com/_/postgres). It is started by its path, and uses only the standard library.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

HOST_RULE = "\nhost all all all scram-sha-256\n"


def main(command: list[str]) -> None:
    """Create the data folder if it is missing, and become the command."""
    if not command or command[0].startswith("-"):
        command = ["postgres", *command]
    data = Path(os.environ["PGDATA"])
    if command[0] == "postgres":
        if not (data / "PG_VERSION").exists():
            make(data)
        command = [command[0], "-D", str(data), "-c", "listen_addresses=*", *command[1:]]
    os.execvp(command[0], command)  # noqa: S606 - the arguments are a list; no shell is wanted


def make(data: Path) -> None:
    """Create the data folder with its superuser and database. If it is killed, the next start begins again."""
    user = os.environ.get("POSTGRES_USER") or "postgres"
    password = os.environ.get("POSTGRES_PASSWORD")
    if not password:
        sys.exit("POSTGRES_PASSWORD is not set: the superuser of the database needs a password")
    new = data.with_name(f"{data.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700, parents=True)
    pwfile = data.with_name(f"{data.name}.password")
    pwfile.touch(mode=0o600)
    pwfile.write_text(password, encoding="utf-8")
    options = ["--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256", f"--username={user}"]
    options += [f"--pwfile={pwfile}", *shlex.split(os.environ.get("POSTGRES_INITDB_ARGS", ""))]
    try:
        subprocess.run(["initdb", f"--pgdata={new}", *options], check=True)
    finally:
        pwfile.unlink()
    database = os.environ.get("POSTGRES_DB") or user
    if database != "postgres":
        quoted = '"' + database.replace('"', '""') + '"'
        statement = f"CREATE DATABASE {quoted}\n"
        subprocess.run(["postgres", "--single", "-D", str(new), "postgres"], input=statement.encode(), check=True)
    with (new / "pg_hba.conf").open("a", encoding="utf-8") as rules:
        rules.write(HOST_RULE)
    new.rename(data)


if __name__ == "__main__":
    main(sys.argv[1:])
