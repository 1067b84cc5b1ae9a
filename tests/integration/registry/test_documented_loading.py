"""docs/how-to/load-your-own-rows.md as it is written: its files, its commands of psql, its program."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from documents import ROOT, blocks, commands
from modelops.runner.cli import parser
from modelops.runner.postgres import binaries

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Database

PAGE = ROOT / "docs/how-to/load-your-own-rows.md"
ROWS = "SELECT order_id, amount::text, country, taste, returned FROM shop.orders ORDER BY order_id"
LOADED = [(1, "19.90", "FR", [0.1, 0.9], False), (2, None, "DE", [0.7, 0.2], True)]


@pytest.fixture
def folder(database: Database, tmp_path: Path) -> Path:
    """What the page has its reader write."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        name = psycopg.sql.Identifier(database.name)
        admin.execute(psycopg.sql.SQL("GRANT CREATE ON DATABASE {} TO modelops_owner").format(name))
    [make], [rows], [refresh], [program] = (
        list(blocks(PAGE, language)) for language in ("sql", "csv", "text", "python")
    )
    for name_of_file, block in (
        ("shop.sql", make),
        ("orders.csv", rows),
        ("refresh.sql", refresh),
        ("to_csv.py", program),
    ):
        (tmp_path / name_of_file).write_text(block.text)
    return tmp_path


def psql_commands() -> list[list[str]]:
    """The arguments that the page gives to `./modelops psql`, in its order: make, load, replace."""
    found = [command for block in blocks(PAGE, "sh") for command in commands(block.text)]
    assert all(command[:2] == ["./modelops", "psql"] for command in found)
    return [command[1:] for command in found]


def psql(database: Database, folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """As the command runs it: in the reader's folder, as the login that is named."""
    chosen, rest = parser().parse_known_args(arguments)
    url = database.url(f"modelops_{chosen.role}")
    program = [str(binaries() / "psql"), "-X", *rest, url]
    environment = {**os.environ, "PGPASSWORD": urlsplit(url).password or ""}
    return subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def seen(database: Database) -> list[tuple[object, ...]]:
    """What the SQL of models reads."""
    with psycopg.connect(database.url("modelops_sql")) as connection:
        return connection.execute(ROWS.encode()).fetchall()


def test_a_csv_file(database: Database, folder: Path) -> None:
    make, load, replace = psql_commands()
    for arguments, said in ((make, "GRANT"), (load, "COPY 2")):
        done = psql(database, folder, arguments)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    assert seen(database) == LOADED

    again = psql(database, folder, load)
    assert "duplicate key" in again.stderr
    assert seen(database) == LOADED

    rows = (folder / "orders.csv").read_text()
    (folder / "orders.csv").write_text(rows + "3,2026-01-02 09:00+00,5,FR,,false\n")
    done = psql(database, folder, replace)
    assert done.returncode == 0, done.stderr
    assert seen(database) == [*LOADED, (3, "5.00", "FR", None, False)]

    (folder / "orders.csv").write_text(rows.replace("DE", "DE,DE"))
    assert psql(database, folder, replace).returncode != 0
    assert len(seen(database)) == 3, "the old rows are gone, and there are no new ones"


def test_a_parquet_file(database: Database, folder: Path) -> None:
    make, load, _ = psql_commands()
    psql(database, folder, make)
    kinds = {"order_id": pa.int64(), "ordered_at": pa.timestamp("us", "UTC"), "taste": pa.string()}
    options = pyarrow.csv.ConvertOptions(column_types=kinds, strings_can_be_null=True)
    pyarrow.parquet.write_table(
        pyarrow.csv.read_csv(folder / "orders.csv", convert_options=options), folder / "orders.parquet"
    )
    (folder / "orders.csv").unlink()
    subprocess.run([sys.executable, "to_csv.py"], cwd=folder, check=True)
    done = psql(database, folder, load)
    assert done.returncode == 0, done.stderr
    assert seen(database) == LOADED
