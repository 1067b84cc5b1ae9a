"""Brings the data database to the newest schema."""

from __future__ import annotations

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(owner_url: str, *, to: str = "head") -> None:
    """Apply the migrations that are missing, as the login that owns the schema; doing it again does nothing.

    Two who migrate at once take turns.

    Args:
        to: the last migration to apply; "head" is the newest.

    Raises:
        Unavailable: the database can't be reached.
    """
    from alembic import command
    from alembic.config import Config

    from modelops.registry.translation import translated

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    with translated():
        command.upgrade(config, to)
