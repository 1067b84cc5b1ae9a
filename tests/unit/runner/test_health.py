"""What is asked of Airflow about its health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from modelops.domain.errors import Unavailable
from modelops.runner import health
from modelops.runner.airflow_health import HEALTH_KEYS
from modelops.runner.health import import_errors
from modelops.runner.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ERROR = {
    "filename": "mine.py",
    "stack_trace": "Traceback (most recent call last):\n  File …\nLookupError: nothing is here\n",
}


def test_dag_files_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v2/importErrors"
        return httpx.Response(200, json={"import_errors": [ERROR], "total_entries": 1})

    client = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    monkeypatch.setattr(Installation, "api", lambda _: client)
    assert import_errors(Installation(tmp_path, environ={})) == ["mine.py: LookupError: nothing is here"]


def test_airflow_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Installation) -> Any:
        raise Unavailable("Airflow doesn't answer")

    monkeypatch.setattr(Installation, "api", refuse)
    assert import_errors(Installation(tmp_path, environ={})) == []


def test_components_without_a_sign_of_life_are_named_unless_their_database_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def said(*ill: str) -> set[str]:
        answer = {part: {"status": "unhealthy" if part in ill else "healthy"} for part in HEALTH_KEYS.values()}
        monkeypatch.setattr(health.httpx, "get", lambda *_args, **_more: httpx.Response(200, json=answer))
        return health.unhealthy_components("http://airflow")

    assert said() == set()
    assert said("dag_processor", "scheduler") == {"dag-processor", "scheduler"}
    assert said("dag_processor", "metadatabase") == set()
