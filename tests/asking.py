"""The API of the jobs, asked without a server."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from conftest import Database

    Ask = Callable[..., httpx.Response]

SECRET, OUTLINE = "secret", "outline"
"""DAGs of which the person sees nothing, and no results."""


def signed_in(database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Asks by method and address, as somebody who may not see all of `SECRET` and `OUTLINE`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Airflow's own web server imports is full of them
        from modelops.jobs_api import app as api
        from modelops.jobs_api import permissions
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from airflow.api_fastapi.core_api.security import get_user

    class Discreet(SimpleAuthManager):
        def is_authorized_dag(self, *, details: Any = None, **asked: Any) -> bool:
            of, result = details and details.id, asked["access_entity"] is DagAccessEntity.XCOM
            seen = of != SECRET and not (of == OUTLINE and result)
            return seen and super().is_authorized_dag(details=details, **asked)

    monkeypatch.setenv("AIRFLOW_CONN_MODELOPS_READER", database.url("modelops_reader"))
    monkeypatch.setattr(permissions, "get_auth_manager", Discreet)
    made = api.make_app()
    made.dependency_overrides[get_user] = lambda: SimpleAuthManagerUser(username="vera", role="viewer")

    async def answered(method: str, address: str, **how: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://here") as client:
            return await client.request(method, f"/api/jobs{address}", **how)

    return lambda method, address, **how: asyncio.run(answered(method, address, **how))
