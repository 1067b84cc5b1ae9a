"""A database in which the owner may create schemas, as in an installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from conftest import Database


@pytest.fixture
def database(database: Database) -> Database:
    # A copy of a database doesn't copy the grants on the database itself.
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        grant = sql.SQL("GRANT CREATE ON DATABASE {} TO modelops_owner")
        connection.execute(grant.format(sql.Identifier(database.name)))
    return database
