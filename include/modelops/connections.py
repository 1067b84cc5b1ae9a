"""Airflow's connections as addresses of libpq."""

from __future__ import annotations


def url_of(conn_id: str) -> str:
    """A libpq URL of an Airflow connection; psycopg and ADBC both take it."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    hook = PostgresHook(postgres_conn_id=conn_id)
    options = {
        name: str(value)
        for name, value in hook.connection.extra_dejson.items()
        if name not in hook.ignored_extra_options
    }
    url = hook.sqlalchemy_url.set(drivername="postgresql").update_query_dict(options)
    return url.render_as_string(hide_password=False)
