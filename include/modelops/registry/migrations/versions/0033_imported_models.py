"""Versions of models whose files were imported: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
