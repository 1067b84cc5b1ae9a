"""How alembic runs our migrations: all that are missing and the scripts of functions and views, in one transaction.

They run under one lock, so that two who migrate at once take turns. A migration that adds a value to an enum does that
in `op.get_context().autocommit_block()`, which commits what came before: PostgreSQL wants a new value committed before
it is used.
"""

from typing import Any

from alembic import context
from sqlalchemy import create_engine, pool, text

from modelops.registry import schema
from modelops.registry.migrations import check_known

MIGRATION_LOCK = 7_301_733_180_042_001  # any number that nobody else locks

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as guard, engine.connect() as connection:
    guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(connection=connection, version_table="migration", version_table_schema="modelops")
    migration = context.get_context()
    with context.begin_transaction():
        driver: Any = connection.connection.driver_connection
        before = migration.get_current_revision()
        if before is None:
            migration.stamp(context.script, "head")
            schema.create_tables(driver)
        else:
            check_known(before, context.script)
            context.run_migrations()
        schema.apply_scripts(driver, migrated=migration.get_current_revision() != before)
