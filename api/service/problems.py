"""Errors as `application/problem+json` (RFC 9457): a stable code, what, where and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api import errors as api
from data import errors as data
from data.errors import AtelierError
from production import errors as production
from recsys import errors as recsys

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 5
FAULTS_SHOWN: Final = 20

# The first line that an error is an instance of gives its status; anything else is a 422.
STATUS: Final[tuple[tuple[type[AtelierError], int], ...]] = (
    (api.Malformed, 400),
    (api.NoKey, 401),
    (api.Forbidden, 403),
    (api.TooMany, 429),
    (api.NotAcceptable, 406),
    (api.TooSlow, 408),
    (api.TooLarge, 413),
    (api.WrongMedia, 415),
    (api.NotReady, 503),
    (api.Busy, 503),
    (api.NotErased, 409),
    (api.OutputError, 503),
    (recsys.UnknownVariant, 404),
    (recsys.UnknownStyle, 404),
    (recsys.UnknownCustomer, 404),
    (recsys.ModelRefused, 503),
    (recsys.GroupsRefused, 503),
    (production.UnknownProduct, 404),
    (production.NoPromise, 409),
    (production.BadModel, 503),
    (production.BadOptions, 503),
    (production.UnknownPlan, 404),
    (production.PlanReleased, 409),
    (production.BareInputs, 409),
    (production.PlanRefused, 503),
    (production.UnknownForecast, 404),
    (production.NotForecast, 404),
    (production.ForecastRefused, 503),
    (data.StoreConflict, 409),
    (data.StoreError, 503),
    (data.RecordsRefused, 503),
    (data.UnknownJob, 404),
    (data.JobOver, 409),
    (data.JobsFull, 429),
    (data.UnknownOrder, 404),
    (data.UnknownQuote, 404),
    (data.OutOfCapacity, 409),
    (data.CapacityTaken, 409),
    (data.IllegalStep, 409),
    (data.StaleVersion, 409),
    (data.KeyReused, 409),
    (data.WorkspaceError, 503),
)
UNPROCESSABLE: Final = 422


class Fault(BaseModel):
    """One field or parameter at fault."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(examples=["body.capacity.sewing"])
    what: str = Field(examples=["Input should be greater than or equal to 0."])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="The code as a URI.", examples=["urn:atelier:api.invalid"])
    title: str = Field(description="The status in words.", examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    code: str = Field(description="Stable; programs rely on it.", examples=["api.invalid"])
    detail: str = Field(description="What is wrong.", examples=["The request does not fit."])
    where: str = Field(description="Where it is wrong; may be empty.", examples=["body.k"])
    do: str = Field(description="What to do about it.", examples=["See /openapi.json."])
    request_id: str = Field(description="Names this request in the service's log.")
    errors: list[Fault] = Field(default=[], description="The single faults, at most 20.")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of a route's problems."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _title(status), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def status_of(error: AtelierError) -> int:
    """The HTTP status of an error of any room."""
    for kind, status in STATUS:
        if isinstance(error, kind):
            return status
    return UNPROCESSABLE


def problem_response(
    error: AtelierError,
    *,
    request_id: str,
    status: int | None = None,
    faults: Sequence[Fault] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """The answer that tells of an error."""
    status = status_of(error) if status is None else status
    problem = Problem(
        type=f"urn:atelier:{error.code}",
        title=_title(status),
        status=status,
        code=error.code,
        detail=error.what,
        where=error.where,
        do=error.fix,
        request_id=request_id,
        errors=list(faults),
    )
    headers = dict(headers or {})
    if isinstance(error, api.TooMany):
        headers["Retry-After"] = str(error.seconds)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503 or isinstance(error, data.JobsFull):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return JSONResponse(
        problem.model_dump(exclude_defaults=True),
        status_code=status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem."""
    app.add_exception_handler(AtelierError, _atelier_error)
    app.add_exception_handler(OSError, _machine_refused)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)


async def _atelier_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AtelierError)  # noqa: S101  # what the handler is registered for
    return problem_response(error, request_id=request_id_of(request))


async def _machine_refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OSError)  # noqa: S101  # likewise
    refusal = api.OutputError(
        f"The service's machine refused: {error.strerror or type(error).__name__}.",
        where="the service's workspace",
        fix="Try again later; the operator checks free space and permissions.",
    )
    return problem_response(refusal, request_id=request_id_of(request))


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # likewise
    faults = faults_of(error)
    first = faults[0]
    invalid = api.Invalid(
        f"The request does not fit: {first.what}",
        where=first.where,
        fix="Correct what 'errors' lists; /openapi.json describes every field.",
    )
    return problem_response(invalid, request_id=request_id_of(request), faults=faults)


def faults_of(error: RequestValidationError) -> list[Fault]:
    """What does not fit of a request: at least one, the first ones of many.

    The input is never echoed: it may be personal, huge, or beyond what JSON can say.
    """
    return [
        Fault(
            where=".".join(_printable(str(part)) for part in one["loc"]),
            what=_words(one) or f"{one['msg'].removeprefix('Value error, ')}.",
        )
        for one in error.errors()[:FAULTS_SHOWN]
    ]


def _words(fault: Mapping[str, Any]) -> str | None:
    if fault["type"] == "string_pattern_mismatch" and "attribute" in fault["loc"]:
        return "It should be COLUMN=VALUE, such as size=M."
    return _WORDS.get(fault["type"])


_WORDS: Final = {
    "extra_forbidden": "There is no such field.",
    "string_pattern_mismatch": "An id is one line of text, without control characters.",
    "model_attributes_type": "Input should be an object.",
}
"""Kinds of fault that say more to a programmer of ours than to the one who sent the request."""


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # likewise
    failure = _HTTP_ERRORS.get(error.status_code) or api.ApiError(
        f"{_title(error.status_code)}.", fix="See /openapi.json."
    )
    return problem_response(
        failure,
        request_id=request_id_of(request),
        status=error.status_code,
        headers=dict(error.headers or {}),
    )


_HTTP_ERRORS: Final[dict[int, AtelierError]] = {
    404: api.NotFound(
        "There is no such resource.", where="path", fix="See /openapi.json for the routes."
    ),
    405: api.MethodNotAllowed(
        "The resource does not know this method.",
        where="method",
        fix="Use one that the Allow header names.",
    ),
}


def request_id_of(request: Request) -> str:
    """The id under which the request stands in the log."""
    return str(request.scope.get("atelier.request_id", ""))


def _title(status: int) -> str:
    return _TITLES.get(status) or HTTPStatus(status).phrase


# RFC 9110's names, whatever Python's version calls them.
_TITLES: Final = {413: "Content Too Large", UNPROCESSABLE: "Unprocessable Content"}


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:80])
