"""Sessions: a planner shows a key once, and the browser then shows a short-lived token for it.

The token stands in a cookie that no script can read (HttpOnly) and that no other site can make a
browser send (SameSite=Strict). It names a key and a time, and is signed; so nothing is kept of it,
every worker knows it, and it counts no longer than the key that it stands for. Whoever comes by it
may do what a planner may, whatever the key may.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from starlette.types import Scope

from data.store.api_keys import ApiKey, Role

COOKIE: Final = "atelier_session"
SECONDS: Final = 8 * 3600
"""How long a session lasts: a day at a desk."""

MOST: Final[Role] = "planner"
"""What a session may do at most."""

_TOKEN: Final = re.compile(r"([0-9a-f]{12})\.([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)
_OWN: Final = (b"same-origin", b"none")
"""Where a browser says that requests of the page itself, and of its user, come from."""


class Sessions:
    """Signs tokens and knows them again.

    Args:
        key: the workspace's signing key; tokens are signed with one that follows from it.
    """

    def __init__(self, key: bytes) -> None:
        self._key = hmac.digest(key, b"atelier sessions", hashlib.sha256)

    def open(self, key_id: str, now: datetime) -> str:
        """A token for a key that was shown.

        Args:
            key_id: the key's.
            now: UTC, without an offset.
        """
        told = f"{key_id}.{_seconds(now) + SECONDS}"
        return f"{told}.{self._mac(told)}"

    def whose(self, token: str, keys: Mapping[str, ApiKey], now: datetime) -> ApiKey | None:
        """The key that a token stands for, with what a session may do; None where it counts not."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        signed = hmac.compare_digest(parts[3], self._mac(f"{parts[1]}.{parts[2]}"))
        found = keys.get(parts[1])
        if not signed or int(parts[2]) <= _seconds(now) or found is None:
            return None
        return replace(found, role=MOST) if found.role == "admin" else found

    def _mac(self, told: str) -> str:
        return hmac.new(self._key, told.encode(), hashlib.sha256).hexdigest()


def token_of(scope: Scope) -> str:
    """The token that a request's cookie holds; empty without one, or where another site asks."""
    headers = dict(scope["headers"])
    if headers.get(b"sec-fetch-site", b"none") not in _OWN:
        return ""
    for pair in headers.get(b"cookie", b"").split(b";"):
        name, _, value = pair.strip().partition(b"=")
        if name == COOKIE.encode():
            return str(value.decode("latin-1"))
    return ""


def _seconds(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp())
