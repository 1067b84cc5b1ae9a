"""Work lists of deployments that follow a table, and what a later try knows: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
