"""Migrations of the data database: what changes the tables of an installation that exists, run in order by alembic.

A new installation is made from `registry/schema/` instead, which has the tables as all migrations leave them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.domain.errors import UnknownSchema

if TYPE_CHECKING:
    from pathlib import Path

    from alembic.script import ScriptDirectory

BASELINE = "0011"
"""The migration at which this release begins."""
LAST_BEFORE_BASELINE = "96efd83"
"""The commit that still has all migrations up to the baseline."""


def run_sql_beside(script: Path) -> None:
    """Run the .sql file that bears the script's name, in alembic's transaction."""
    from alembic import op

    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(script.with_suffix(".sql").read_bytes())


def check_known(revision: str, script: ScriptDirectory) -> None:
    """Refuse a database that was migrated by a release from which this one can't go on.

    Raises:
        UnknownSchema: its migration is older than the baseline, or newer than this release.
    """
    known = {each.revision for each in script.walk_revisions()}
    if revision in known:
        return
    older = revision < BASELINE
    raise UnknownSchema(
        f"the data database is at migration {revision}, which this release can't continue",
        where="the table modelops.migration",
        expected=f"migration {BASELINE} or later: run `./modelops migrate` with commit {LAST_BEFORE_BASELINE} first"
        if older
        else f"at most migration {max(known)}: use the release that migrated the database, or a later one",
    )
