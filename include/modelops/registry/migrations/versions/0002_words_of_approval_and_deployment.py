"""The words that the next migration uses: PostgreSQL wants a new value of an enum committed before it is used."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
