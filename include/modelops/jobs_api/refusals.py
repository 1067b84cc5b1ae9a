"""Refusals of the API: their statuses, their bodies and their documentation.

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

AWAY = "The ledger can't be reached or is too busy; try again in a moment."
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


EVERYWHERE: dict[int | str, dict[str, Any]] = {
    **documented(
        {
            401: "You have not signed in.",
            503: "The ledger can't be reached, or too many use it at once; try again in a moment.",
        }
    ),
    422: {"model": Unprocessable, "description": "A value of the request isn't what it must be."},
}
"""Refusals of every route."""


def unprocessable(_request: Request, error: Exception) -> JSONResponse:
    """Answer with the mistakes, without the given values: some can't be sent back as JSON."""
    assert isinstance(error, RequestValidationError)
    told = [
        {"loc": [_part(part) for part in one["loc"]], "msg": storable(one["msg"]), "type": one["type"]}
        for one in error.errors()[:MOST]
    ]
    return JSONResponse({"detail": told}, 422)


def away(_request: Request, error: Exception) -> JSONResponse:
    """Answer that the ledger can't be reached or is busy."""
    log.warning("%s", error)
    return JSONResponse(body(AWAY, Code.LEDGER_AWAY, {}), 503)


class Refused(HTTPException):
    """A refusal with the code of its reason; None for a refusal of Airflow, which has no codes."""

    def __init__(self, status: int, code: Code | None, detail: str, /, **values: Value) -> None:
        super().__init__(status, detail)
        self.code = code
        self.values = values


def body(detail: str, code: str | None, values: Mapping[str, Value]) -> dict[str, Any]:
    """The body of the answer."""
    return {"detail": detail} if code is None else {"detail": detail, "code": code, "values": dict(values)}


def answer(_request: Request, refused: Exception) -> JSONResponse:
    """Answer with a refusal."""
    assert isinstance(refused, Refused)
    return JSONResponse(body(refused.detail, refused.code, refused.values), refused.status_code)


def _part(part: str | int) -> str | int:
    return storable(part)[:250] if isinstance(part, str) else part
