"""Each later attempt at a training needs the observer's word on who cleared it: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
