"""Refusals of the API: statuses, bodies and documentation.

`detail` is in English, as in Airflow's own refusals; `code` and `values` serve other languages.
"""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from modelops.domain.refusals import Code, Value
from modelops.domain.text import storable

log = logging.getLogger(__name__)

LEDGER_UNAVAILABLE = "The ledger can't be reached or is too busy; try again in a moment."
MOST = 20
"""Maximum number of mistakes in one answer."""


class RefusedRequest(BaseModel):
    """The reason for refusing a request. `code` is absent where Airflow refuses."""

    detail: str
    code: Code | None = None
    values: Mapping[str, Value] = {}


class Mistake(BaseModel):
    """A validation error of one value of a request."""

    loc: list[str | int] = Field(description="Where it is: query, path or body, and the names within.")
    msg: str
    type: str


class Unprocessable(BaseModel):
    """The validation errors of a request: one entry per value, or a text."""

    detail: str | list[Mistake]


def documented(of: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """Describe refusals for `responses` of a route: status → reason."""
    return {status: {"model": RefusedRequest, "description": reason} for status, reason in of.items()}


COMMON_REFUSALS: dict[int | str, dict[str, Any]] = {
    **documented(
        {
            401: "You are not signed in.",
            503: "The ledger can't be reached, or too many requests use it; try again in a moment.",
        }
    ),
    422: {"model": Unprocessable, "description": "A value of the request is invalid."},
}
"""The refusals that every route may give."""


def unprocessable(_request: Request, error: Exception) -> JSONResponse:
    """The response to an invalid request. It omits the invalid values, as some are not valid JSON."""
    assert isinstance(error, RequestValidationError)
    mistakes = [
        {"loc": [_part(part) for part in one["loc"]], "msg": storable(one["msg"]), "type": one["type"]}
        for one in error.errors()[:MOST]
    ]
    return JSONResponse({"detail": mistakes}, 422)


def ledger_unavailable(_request: Request, error: Exception) -> JSONResponse:
    """The response when the ledger can't be reached or is busy."""
    log.warning("%s", error)
    return JSONResponse(body(LEDGER_UNAVAILABLE, Code.LEDGER_AWAY, {}), 503)


class Refused(HTTPException):
    """A refusal with the code of its reason; the code is None for a refusal of Airflow."""

    def __init__(self, status: int, code: Code | None, detail: str, /, **values: Value) -> None:
        super().__init__(status, detail)
        self.code = code
        self.values = values


def body(detail: str, code: str | None, values: Mapping[str, Value]) -> dict[str, Any]:
    """The body of a refusal."""
    return {"detail": detail} if code is None else {"detail": detail, "code": code, "values": dict(values)}


def answer(_request: Request, refused: Exception) -> JSONResponse:
    """The response to a refused request."""
    assert isinstance(refused, Refused)
    return JSONResponse(body(refused.detail, refused.code, refused.values), refused.status_code)


def _part(part: str | int) -> str | int:
    return storable(part)[:250] if isinstance(part, str) else part
