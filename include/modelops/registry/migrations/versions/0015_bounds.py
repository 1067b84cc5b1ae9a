"""Bounds of what user code and requests bring: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
