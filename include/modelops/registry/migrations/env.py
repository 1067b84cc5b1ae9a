"""Configures alembic: missing migrations and the scripts of functions and views run in one transaction.

A lock makes concurrent migrations run one after another. PostgreSQL requires that a new value of an enum is committed
before it is used. New job types are committed first; a migration that adds a value to another enum does that in
`op.get_context().autocommit_block()`, which commits what came before.
"""

from typing import Any

from alembic import context
from sqlalchemy import create_engine, pool, text

from modelops.registry import declarations, schema
from modelops.registry.migrations import check_known

MIGRATION_LOCK = 7_301_733_180_042_001  # any number that no other advisory lock uses

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as guard, engine.connect() as connection:
    guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(connection=connection, version_table="migration", version_table_schema="modelops")
    migration = context.get_context()
    driver: Any = connection.connection.driver_connection
    before = migration.get_current_revision()
    if before is not None:
        check_known(before, context.script)
        declarations.add_job_types(driver)
    connection.commit()
    with context.begin_transaction():
        if before is None:
            migration.stamp(context.script, "head")
            schema.create_tables(driver)
        else:
            context.run_migrations()
        declarations.add_stages_and_transitions(driver)
        schema.apply_scripts(driver, migrated=migration.get_current_revision() != before)
