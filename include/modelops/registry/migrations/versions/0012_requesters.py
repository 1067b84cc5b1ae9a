"""Who requested a training: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
