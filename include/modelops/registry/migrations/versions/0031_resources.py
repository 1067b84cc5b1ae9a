"""What jobs use, and what versions request: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
