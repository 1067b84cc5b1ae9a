"""Registry and ledger: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
