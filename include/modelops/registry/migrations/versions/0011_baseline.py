"""Where migrations begin: the schema that the migrations 0001 to 0011 of the release before made.

An installation that stands here is migrated from here. No database is made by it: see `registry/schema/`.
"""

revision = "0011"
down_revision = None


def upgrade() -> None:
    """Never run: a new database is stamped with the newest revision."""
