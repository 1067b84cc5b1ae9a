"""How alembic runs our migrations: one transaction each, under one lock, so that two who migrate at once take turns."""

from alembic import context
from sqlalchemy import create_engine, pool, text

MIGRATION_LOCK = 7_301_733_180_042_001  # any number that nobody else locks

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as guard, engine.connect() as connection:
    guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    context.configure(
        connection=connection,
        version_table="migration",
        version_table_schema="modelops",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
