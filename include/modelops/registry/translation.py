"""Turns what the database refuses into the errors of the domain, in this one place."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelops.domain.errors import FenceLost, IllegalTransition, ModelOpsError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg


@contextmanager
def translated() -> Iterator[None]:
    """Let no error of the driver out.

    Raises:
        Unavailable: no connection, or the server went away.
        FenceLost, IllegalTransition: what the named constraint stands for.
        ModelOpsError: any other refusal, with the database's own words.
    """
    import psycopg
    import sqlalchemy.exc

    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, sqlalchemy.exc.OperationalError) as error:
        raise Unavailable(f"the data database can't be reached: {str(error).strip()}") from error
    except psycopg.IntegrityError as error:
        raise _refused(error) from error
    except psycopg.Error as error:
        raise ModelOpsError(f"the data database refused a statement: {str(error).strip()}") from error


def _refused(error: psycopg.IntegrityError) -> ModelOpsError:
    said = error.diag.message_primary or str(error)
    match error.diag.constraint_name:
        case "job_status_guard":
            return FenceLost(said)
        case "version_transition":
            return IllegalTransition(
                said, where="the version's status", expected="a step that `modelops.transition` lists"
            )
        case "version_pinned_once":
            return IllegalTransition(said, where="the version's hashes", expected="a new version")
        case name:
            return ModelOpsError(f"the registry refused a row ({name}): {said}")
