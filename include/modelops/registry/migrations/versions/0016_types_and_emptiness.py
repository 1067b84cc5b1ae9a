"""Nulls that a training had, and batches that may be empty: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
