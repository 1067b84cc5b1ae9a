"""Where migrations begin: the schema that the migrations 0001 to 0018 of the releases before made.

An installation that stands here is migrated from here. No database is made by it: see `registry/schema/`.
"""

revision = "0018"
down_revision = None


def upgrade() -> None:
    """Never run: a new database is stamped with the newest revision."""
