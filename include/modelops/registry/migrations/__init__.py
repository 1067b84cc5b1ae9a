"""Migrations of the data database: changes of the tables of an existing installation, run in order by alembic.

A new installation is created from `registry/schema/`, which has the tables as they are after all migrations.
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
    """Run the .sql file with the name of the script, in alembic's transaction."""
    from alembic import op

    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(script.with_suffix(".sql").read_bytes())


def check_known(revision: str, script: ScriptDirectory) -> None:
    """Refuse a database whose migration this release can't continue from.

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
