"""Brings the data database to the newest schema."""

from __future__ import annotations

from pathlib import Path

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(owner_url: str) -> None:
    """Create the schema, or apply missing migrations, as the login that owns it; a second call does nothing.

    Concurrent calls run one after another.

    Raises:
        Unavailable: the database can't be reached.
        UnknownSchema: the database is at a migration that this release doesn't know.
    """
    from alembic import command
    from alembic.config import Config

    from modelops.registry.translation import translated

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = owner_url.replace("postgresql://", "postgresql+psycopg://", 1)
    with translated():
        command.upgrade(config, "head")
