"""Migrations of the data database: one plain .sql file each, run in order by alembic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def run_sql_beside(script: Path) -> None:
    """Run the .sql file that bears the script's name, in alembic's transaction."""
    from alembic import op

    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(script.with_suffix(".sql").read_text(encoding="utf-8"))
