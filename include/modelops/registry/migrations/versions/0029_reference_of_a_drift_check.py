"""The reference that a drift check has compared a column with: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
