"""Converts Airflow's connections to libpq URLs."""

from __future__ import annotations

from modelops.domain.errors import Unavailable


def url_of(conn_id: str) -> str:
    """A libpq URL of an Airflow connection; psycopg and ADBC both take it.

    Raises:
        Unavailable: Airflow has no connection of that name.
    """
    from airflow.providers.postgres.hooks.postgres import PostgresHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    hook = PostgresHook(postgres_conn_id=conn_id)
    try:
        extra = hook.connection.extra_dejson
    except AirflowNotFoundException as error:
        raise Unavailable(f"Airflow has no connection {conn_id}") from error
    options = {name: str(value) for name, value in extra.items() if name not in hook.ignored_extra_options}
    url = hook.sqlalchemy_url.set(drivername="postgresql").update_query_dict(options)
    return url.render_as_string(hide_password=False)
