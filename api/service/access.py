"""Who may ask for what: keys by role, and how often.

Where the workspace's store never had a key, everything is open: `atelier serve` then binds this
machine's own address, unless told otherwise. From the first key on, each route asks for one of
its role or a higher one; a browser that signed in shows a session for it. A route states its role
where it is declared (`openapi_extra=may(…)`); one that states none stops the service from starting.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import anyio
from anyio import CapacityLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import Forbidden, NoKey, TooMany
from api.service.counters import REFUSALS
from api.service.problems import problem_response
from api.service.rates import Buckets
from api.service.sessions import Sessions, token_of
from data.errors import AtelierError
from data.store import Store
from data.store.api_keys import ROLES, ApiKey, keys_of, whose

SECONDS_KEPT: Final = 1.0
"""How long keys are kept in memory: a revoked one counts so long at most."""

REFUSED_A_SECOND: Final = 10.0
"""Requests without a valid key that one address may make a second."""

OPEN: Final = "open"
ALIVE: Final = "/healthz"
_FIELD: Final = "x-atelier-role"
_SCHEME: Final = b"bearer "

Access = Literal["open", "shop", "planner", "admin"]


def may(role: Access) -> dict[str, Any]:
    """What a route's declaration says of the role that it asks for."""
    return {_FIELD: role}


def role_of(declared: Mapping[str, Any] | None, path: str) -> Access:
    """The role that a route's declaration states.

    Raises:
        ValueError: it states none.
    """
    role: Access | None = (declared or {}).get(_FIELD)
    if role != OPEN and role not in ROLES:
        message = f"the route {path} states no role: declare it with openapi_extra=may(…)"
        raise ValueError(message)
    return role


def check(scope: Scope, role: Access) -> None:
    """Let a request pass to a route of a role.

    Raises:
        NoKey: a key is asked for, and the request shows none that counts.
        Forbidden: the key's role may not.
    """
    caller: ApiKey | str | None = scope.get("atelier.caller", OPEN)
    if OPEN in (role, caller):
        return
    if not isinstance(caller, ApiKey):
        raise NoKey(
            "A key is missing, or does not count.",
            where="header Authorization",
            fix="Send 'Authorization: Bearer KEY' with a valid key; 'atelier keys' makes them.",
        )
    if ROLES.index(caller.role) < ROLES.index(role):
        raise Forbidden(
            f"A key of the role '{caller.role}' may not do this.",
            where="header Authorization",
            fix=f"Use a key of the role '{role}' or a higher one.",
        )


class KeyRing:
    """The keys of a store, read again once they are old.

    Requests of an event loop that come while they are read wait for the one reading: were each to
    read for itself, all that are under way would do so at once, every second. It has a thread of
    its own, since no request passes without it, those included that need no thread.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._keys: dict[str, ApiKey] = {}
        self._read_at = -math.inf
        self._reading: asyncio.Task[dict[str, ApiKey]] | None = None

    async def keys(self) -> dict[str, ApiKey]:
        """Every key by id; none where the store never had one.

        Raises:
            StoreError: they cannot be read; those read before never stand in for them.
        """
        if time.monotonic() - self._read_at < SECONDS_KEPT:
            return self._keys
        reading = self._reading
        if reading is None or reading.get_loop() is not asyncio.get_running_loop():
            reading = self._reading = asyncio.create_task(self._read())
        return await asyncio.shield(reading)  # a client that leaves must not end it for all

    async def _read(self) -> dict[str, ApiKey]:
        begun = time.monotonic()
        try:
            self._keys = await anyio.to_thread.run_sync(
                keys_of, self._store, limiter=CapacityLimiter(1)
            )
            self._read_at = begun
            return self._keys
        finally:
            self._reading = None


class Gate:
    """Pure ASGI: finds out who asks, and refuses who asks too often.

    Args:
        app: the service behind it, whose routes check the role.
        store: where keys lie.
        sessions: know the tokens of those who signed in.
        rate: requests a second of one key; None for any number.
    """

    def __init__(self, app: ASGIApp, store: Store, sessions: Sessions, rate: float | None) -> None:
        self._app = app
        self._sessions = sessions
        self._ring = KeyRing(store)
        self._by_key = None if rate is None else Buckets(rate)
        self._refused = Buckets(REFUSED_A_SECOND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its caller's name."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._look(scope)
        except AtelierError as error:
            response = problem_response(error, request_id=scope.get("atelier.request_id", ""))
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _look(self, scope: Scope) -> None:
        """Name the caller: OPEN where no key is asked for, None where none counts.

        Raises:
            TooMany: the caller asks too often.
        """
        if scope["path"] == ALIVE:
            scope["atelier.caller"] = OPEN  # also where the store that holds keys is away
            return
        keys = await self._ring.keys()
        caller: ApiKey | str | None = OPEN
        if keys:
            now = datetime.now(UTC).replace(tzinfo=None)
            shown = _shown(scope)
            token = "" if shown else token_of(scope)
            found = self._sessions.whose(token, keys, now) if token else whose(keys, shown)
            caller = found if found is not None and found.state(now) == "valid" else None
        scope["atelier.caller"] = caller
        if isinstance(caller, ApiKey):
            scope["atelier.key_id"] = caller.key_id
            limit = self._by_key
            wait = 0 if limit is None else limit.wait(caller.key_id, now=time.monotonic())
        else:
            address = str((scope.get("client") or ("", 0))[0])
            bounded = caller is None and scope["path"] != "/readyz"
            wait = self._refused.wait(address, now=time.monotonic()) if bounded else 0
        if wait:
            REFUSALS.inc()
            raise TooMany(wait)


def _shown(scope: Scope) -> str:
    """The key that a request shows; empty where it shows none, or several."""
    shown = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(shown) != 1 or shown[0][: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return str(shown[0][len(_SCHEME) :].strip().decode("latin-1"))
