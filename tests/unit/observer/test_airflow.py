"""The audit log as Airflow's REST API gives it, page by page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from modelops.observer.airflow import HIDDEN, PAGE, AirflowReader

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_no_entry_is_missed_however_many_there_are() -> None:
    """Also where Airflow gives fewer a page than it is asked for."""
    entries = [{"event_log_id": number} for number in range(230)]
    hidden = [{"event_log_id": 1000 + number} for number in range(120)]
    asked: list[httpx.QueryParams] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        asked.append(request.url.params)
        offset, limit = int(request.url.params["offset"]), min(70, int(request.url.params.get("limit", PAGE)))
        found = hidden if request.url.path == HIDDEN else entries
        page: dict[str, Any] = {"event_logs": found[offset : offset + limit], "total_entries": len(found)}
        return httpx.Response(200, json=page)

    reader = AirflowReader("http://airflow", user="observer", password="p", transport=httpx.MockTransport(answer))
    assert list(reader.audit_log_between(NOON, None, events={"clear_dag_run"})) == [*entries, *hidden]
    assert len(asked) == 4 + 2
    assert all(page["after"] == NOON.isoformat() for page in asked)
    assert [page.get("order_by") for page in asked] == ["event_log_id"] * 4 + [None] * 2
    assert not any({"dag_id", "run_id", "before"} & set(page) for page in asked)


def test_what_the_account_may_not_read() -> None:
    """As the usual role for an observer: Airflow's FAB gives the right to the audit log to administrators only."""
    signed_in = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal signed_in
        if request.url.path == "/auth/token":
            signed_in += 1
            return httpx.Response(201, json={"access_token": "t"})
        forbidden = request.url.path in {"/api/v2/eventLogs", HIDDEN}
        return httpx.Response(403 if forbidden else 200, json={"detail": "Forbidden"})

    with AirflowReader(
        "http://airflow", user="observer", password="p", transport=httpx.MockTransport(answer)
    ) as reader:
        assert reader.unreadable() == ["the audit log", "the audit log that Airflow's list omits"]
    assert signed_in == 1 + 2, "an invalid token is answered with 403 too"
