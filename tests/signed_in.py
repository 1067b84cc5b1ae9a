"""Airflow's REST API as people use it who have signed in with FAB's accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT_PASSWORD = "MODELOPS_ACCOUNT_PASSWORD_"


def account_passwords(variables: Mapping[str, str]) -> dict[str, str]:
    """The password of each account, from the variables of docker-compose.yaml."""
    return {
        name.removeprefix(ACCOUNT_PASSWORD).lower(): value
        for name, value in variables.items()
        if name.startswith(ACCOUNT_PASSWORD)
    }


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """An api-server; `request` is what sends a request to it."""

    url: str
    passwords: dict[str, str]
    request: Callable[..., httpx.Response] = httpx.request
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, account: str) -> str:
        if account not in self.tokens:
            signing = {"username": account, "password": self.passwords[account]}
            answer = self.request("POST", f"{self.url}/auth/token", json=signing, timeout=60)
            answer.raise_for_status()
            self.tokens[account] = answer.json()["access_token"]
        return self.tokens[account]

    def call(
        self, method: str, address: str, account: str = "trainer", *, api: str = "api/v2", **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(account)}"}
        return self.request(method, f"{self.url}/{api}/{address}", headers=headers, timeout=60, **more)

    def get(self, address: str) -> Any:
        answer = self.call("GET", address)
        answer.raise_for_status()
        return answer.json()

    def start(self, dag: str, run: str, **conf: Any) -> str:
        """Ask for a DAG run; its address."""
        body = {"logical_date": None, "dag_run_id": run, "conf": conf}
        answer = self.call("POST", f"dags/{dag}/dagRuns", json=body)
        assert answer.is_success, answer.text
        return f"dags/{dag}/dagRuns/{run}"
