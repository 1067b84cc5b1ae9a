"""When the newest attempt of a job started and when it ended the job: see the .sql file of the same name."""

from pathlib import Path

from modelops.registry.migrations import run_sql_beside

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the .sql file."""
    run_sql_beside(Path(__file__))
