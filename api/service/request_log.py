"""Request ids, one structured log line a request, and the last net under every route.

A log line names the route, never the path or the query: those hold customer ids.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
import traceback
from functools import lru_cache
from random import Random
from typing import Any, Final

from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Internal
from api.service.counters import REQUESTS
from api.service.problems import problem_response

log = logging.getLogger("atelier.service")

_PLAIN_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_IDS: Final = Random(os.urandom(32))  # noqa: S311  # ids are no secret, and the system's take longer


class RequestLog:
    """Pure ASGI: gives each request an id, logs it, and turns a crash into a 500 problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under an id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _id_of(scope)
        scope["atelier.request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, stamped)
        except Exception as error:
            crashed(error, request_id=request_id)
            if status:
                raise  # the answer is on its way: only a cut connection can tell the client
            crash = Internal(
                "The service failed; the fault is its own.",
                fix="Try again later; tell the operator the request id.",
            )
            await problem_response(crash, request_id=request_id, status=500)(
                scope, receive, stamped
            )
        finally:
            _log_request(scope, request_id, status, time.perf_counter() - started)


def _id_of(scope: Scope) -> str:
    """The client's request id where it is plain, a new one otherwise."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _PLAIN_ID.fullmatch(value):
            return str(value.decode())
    return f"{_IDS.getrandbits(128):032x}"


def say(event: str, **fields: object) -> None:
    """Log an event of the service itself."""
    if log.isEnabledFor(logging.INFO):
        # By hand: to look for the caller's line, thread and process, which nobody logs, takes
        # longer than the rest.
        record = logging.LogRecord.__new__(logging.LogRecord)
        record.__dict__.update(_SAID, created=time.time(), msg=event, fields=fields)
        log.handle(record)


_SAID: Final = logging.LogRecord(log.name, logging.INFO, "", 0, "", None, None).__dict__
"""What all records of events have in common."""


_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"})


def method_of(scope: Scope) -> str:
    """A request's method where it is HTTP's own, '?' otherwise."""
    return scope["method"] if scope["method"] in _METHODS else "?"


def route_of(scope: Scope) -> str | None:
    """The template of the route that a request took; None before it took one."""
    return getattr(scope.get("route"), "path_format", None)


def _log_request(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    route, method = route_of(scope), method_of(scope)
    _timed(method, route or "none", str(status)).observe(seconds)
    say(
        "request",
        request_id=request_id,
        method=method,
        route=route,
        status=status,
        key=scope.get("atelier.key_id"),
        milliseconds=round(seconds * 1000, 1),
    )


# A look at the labels costs more than the count; routes, methods and statuses are few.
_timed: Final = lru_cache(maxsize=1024)(REQUESTS.labels)


def crashed(error: Exception, **fields: object) -> None:
    """Log type and place of a crash; its message may hold what the client sent."""
    log.error("crash", extra={"fields": {**fields, **_arisen(error)}})


def _arisen(error: BaseException) -> dict[str, Any]:
    """Type and place of an error, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }


class JsonLines(logging.Formatter):
    """Log records as one JSON object a line, a library's too.

    Of a library's record the values that were put into its text are left out, and so is the message
    of its exception: they may hold what a client sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record's time, level, event and fields."""
        line = {
            "time": _second(int(record.created)),
            "level": record.levelname.lower(),
            **(_own(record) if record.name == log.name else _foreign(record)),
        }
        try:
            return to_json(line).decode()
        except ValueError:  # half of a surrogate pair, in the text of a library
            return _encode(line)


def _own(record: logging.LogRecord) -> dict[str, Any]:
    return {"event": record.getMessage(), **getattr(record, "fields", {})}


def _foreign(record: logging.LogRecord) -> dict[str, Any]:
    """What a library says: its logger, the first line of its text, and where its error arose."""
    said = record.getMessage() if record.name == WARNINGS else str(record.msg)
    found = {"event": "library", "logger": record.name, "text": said.partition("\n")[0]}
    error = record.exc_info[1] if record.exc_info else None
    return found if error is None else found | _arisen(error)


WARNINGS: Final = "py.warnings"
"""The logger of Python's own warnings, of which the text is an argument."""

_encode: Final = json.JSONEncoder(ensure_ascii=False).encode


@lru_cache(maxsize=2)
def _second(moment: int) -> str:
    """A second since 1970 on the machine's clock."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(moment))


def configure() -> None:
    """Send the log of the service, and what libraries warn of, to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.getLogger().handlers[:] = [handler]
    logging.captureWarnings(capture=True)
