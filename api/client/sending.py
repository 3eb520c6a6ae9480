"""How a request is sent: its key, its body, and when it is sent again.

A request is sent again where that can do no harm. After a 429 nothing was done, so any may be.
After a 503 or a lost connection nobody knows, so only what changes nothing (GET) or is done once
however often it is sent: under an Idempotency-Key, or where the body itself names what it stores.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from api.client.errors import ServiceAway, ServiceRefused

TOO_MANY: Final = 429
UNAVAILABLE: Final = 503
SAFE: Final = frozenset({"GET", "HEAD"})
SECONDS: Final = 30.0

A = TypeVar("A", bound=BaseModel | bytes | str)
"""An answer's type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often and how soon a request is sent again.

    Attributes:
        attempts: times it is sent at most.
        first: seconds that the first wait lasts at most; each further one twice as long.
        longest: seconds that a wait lasts at most, whatever the service asks for.
    """

    attempts: int = 5
    first: float = 0.2
    longest: float = 10.0

    def wait(self, attempt: int, asked: float, chance: float) -> float:
        """Seconds to wait after an attempt, counted from 0.

        Args:
            attempt: which one failed.
            asked: seconds that the service asked for, 0 for none.
            chance: in [0, 1); spreads clients that failed together.

        >>> Retries(first=0.2).wait(2, asked=0, chance=0.5)
        0.6
        >>> Retries().wait(0, asked=5, chance=0)
        5.0
        """
        backed_off = self.first * 2.0**attempt * (1 + chance) / 2
        return round(min(max(backed_off, float(asked)), self.longest), 6)


class Sender:
    """Sends requests of one service; safe to share between threads.

    Args:
        url: the service's address.
        key: the API key; None where the service asks for none.
        retries: how often a request is sent again.
        timeout: seconds to wait for a connection, and for each answer.
        transport: stands in for the network, in tests.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        retries: Retries | None = None,
        timeout: float = SECONDS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, transport=transport
        )
        self._retries = retries or Retries()
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _ask(
        self,
        answer: type[A],
        method: str,
        path: str,
        *,
        body: BaseModel | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        again: bool = False,
        **of_path: str,
    ) -> A:
        """Send one request, and read its answer.

        Args:
            answer: the answer's model; bytes or str for what is no JSON.
            method: GET, POST, …
            path: the path's template, as the OpenAPI document has it.
            body: sent as JSON, without the fields that were not set.
            query: parameters; those that are None are left out.
            headers: likewise.
            again: doing it twice is as doing it once.
            of_path: the values of the template's names.

        Raises:
            ServiceRefused: the service answered with a problem.
            ServiceAway: no answer came.
        """
        request = self._http.build_request(
            method,
            path.format_map({name: _segment(value) for name, value in of_path.items()}),
            params={name: value for name, value in (query or {}).items() if value is not None},
            headers={"Content-Type": "application/json"} | _given(headers)
            if body is not None
            else _given(headers),
            content=None if body is None else body.model_dump_json(exclude_unset=True),
        )
        response = self._send(request, again=again or method in SAFE)
        return _read(answer, response)

    def _once(self, answer: type[A], method: str, path: str, *, key: str | None, **rest: Any) -> A:
        """Send a step under an Idempotency-Key, a new one where None is given."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._ask(answer, method, path, headers=headers, again=True, **rest)

    def _send(self, request: httpx.Request, *, again: bool) -> httpx.Response:
        """The answer, once one comes that is worth reading."""
        for attempt in range(self._retries.attempts):
            last = attempt + 1 == self._retries.attempts
            asked = 0.0
            try:
                response = self._http.send(request)
            except httpx.TransportError as error:
                # without a connection the request never left
                unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if last or not (again or unsent):
                    raise _away(request, error) from error
            else:
                status = response.status_code
                if last or not (status == TOO_MANY or (again and status == UNAVAILABLE)):
                    return response
                asked = _seconds(response.headers.get("Retry-After", ""))
            chance = random.random()  # noqa: S311  # it spreads retries and guards nothing
            self._sleep(self._retries.wait(attempt, asked, chance))
        raise ValueError("retries ask for no attempt")


def _read(answer: type[A], response: httpx.Response) -> A:
    """An answer as its type; a field of a newer service is left out."""
    if not response.is_success:
        raise _refused(response)
    if issubclass(answer, BaseModel):
        return answer.model_validate_json(response.content, extra="ignore")
    return cast("A", response.content if answer is bytes else response.text)


def _segment(value: str) -> str:
    """An id as one segment of a path; dots alone would be taken for steps between folders."""
    return quote(value, safe="") if value.strip(".") else value.replace(".", "%2E")


def _given(headers: Mapping[str, str | None] | None) -> dict[str, str]:
    return {name: value for name, value in (headers or {}).items() if value is not None}


def _seconds(text: str) -> float:
    """What Retry-After asks for; 0 for a date, which no route of the service sends."""
    return float(text) if text.isdecimal() else 0.0


def _away(request: httpx.Request, error: httpx.TransportError) -> ServiceAway:
    return ServiceAway(
        f"The service gave no answer ({type(error).__name__}).",
        where=f"{request.method} {request.url.path}",
        fix="Check the address and that 'atelier serve' runs.",
    )


class _Problem(BaseModel):
    """What is read of a problem; any part may be missing where a proxy answers."""

    detail: str = ""
    where: str = ""
    do: str = ""
    code: str = ""
    request_id: str = ""


def _refused(response: httpx.Response) -> ServiceRefused:
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValidationError:
        problem = _Problem()
    return ServiceRefused(
        problem.detail or f"The service answered with {response.status_code}.",
        where=problem.where,
        fix=problem.do,
        status=response.status_code,
        problem=problem.code,
        request_id=problem.request_id,
    )
