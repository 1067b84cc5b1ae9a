"""The audit log as Airflow's REST API gives it, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from modelops.observer.airflow import AirflowReader

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_no_entry_is_missed_however_many_there_are() -> None:
    """Also where Airflow gives fewer a page than it is asked for."""
    entries = [{"event_log_id": number} for number in range(230)]
    asked: list[httpx.QueryParams] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        asked.append(request.url.params)
        offset, limit = int(request.url.params["offset"]), min(70, int(request.url.params["limit"]))
        page: dict[str, Any] = {"event_logs": entries[offset : offset + limit], "total_entries": len(entries)}
        return httpx.Response(200, json=page)

    reader = AirflowReader("http://airflow", user="observer", password="p", transport=httpx.MockTransport(answer))
    assert list(reader.audit_log_between(NOON, None, events={"clear_dag_run"})) == entries
    assert len(asked) == 4
    assert all((page["after"], page["order_by"]) == (NOON.isoformat(), "event_log_id") for page in asked)
    assert not any({"dag_id", "run_id", "before"} & set(page) for page in asked)
