"""Alert rules, alerts, snoozes and notifications: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
