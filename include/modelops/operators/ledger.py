"""The base class of operators that use the ledger without being a job."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from modelops.airflow.connections import url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection


class LedgerOperator(BaseOperator):
    """A task that reads or writes the ledger without being a job.

    Args:
        ledger_conn_id: Airflow connection of the login modelops_jobs.
    """

    def __init__(self, *, ledger_conn_id: str = "modelops", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ledger_conn_id = ledger_conn_id

    @contextmanager
    def connect(self) -> Iterator[Connection[Any]]:
        """A connection to the ledger in autocommit mode.

        Raises:
            ModelOpsError: in place of the driver's errors.
        """
        import psycopg

        from modelops.registry.translation import translated

        with translated(), psycopg.connect(url_of(self.ledger_conn_id), autocommit=True) as connection:
            yield connection
