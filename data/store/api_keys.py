"""Keys that programs show to the service: made, listed, rotated, revoked; only digests are kept.

A key reads `atelier_<id>_<secret>`. Its id is public and finds its row; its secret is 256 random
bits, shown once and kept as their SHA-256, from which nobody comes back to bits that were drawn at
random: a slow hash would protect nothing more. Once a store has had a key it asks for one, even
where all are revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from sqlalchemy import Column, DateTime, Table, Text, insert, select, update

from data.errors import KeyRefused
from data.store.schema import metadata
from data.store.store import Store

Role = Literal["shop", "planner", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""Each may do all that those before it may."""

MOST_KEYS: Final = 10_000
LONGEST_NAME: Final = 100
_KEY: Final = re.compile(r"atelier_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=True),
    Column("revoked_at", DateTime, nullable=True),
)
"""Times are UTC, without an offset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key.

    Attributes:
        key_id: its public part.
        name: whose it is, for people.
        role: what it may do.
        digest: SHA-256 of its secret, hexadecimal.
        made_at: when it was made; times are UTC, without an offset.
        expires_at: from when on it counts no longer; None for never.
        revoked_at: when it was revoked; None if it was not.
    """

    key_id: str
    name: str
    role: Role
    digest: str = field(repr=False)
    made_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> Literal["valid", "expired", "revoked"]:
        """Whether it counts at a moment."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


def make_key(
    store: Store, name: str, role: Role, *, now: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Store a new key; what is kept of it, and the key itself, which nobody can read again.

    Raises:
        KeyRefused: the name is empty, long or unprintable, it expires in the past, or there are
            MOST_KEYS.
        StoreError: see `Store.append`.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise KeyRefused(
            "A key needs a name of one line.",
            where="name",
            fix=f"Give 1 to {LONGEST_NAME} printable characters.",
        )
    if expires_at is not None and expires_at <= now:
        raise KeyRefused("The key would have expired.", where="expires", fix="Give a later time.")
    if len(keys_of(store)) >= MOST_KEYS:
        raise KeyRefused(
            f"There are {MOST_KEYS:,} keys.", where="keys", fix="Use one that is there."
        )
    secret = secrets.token_urlsafe(32)
    made = ApiKey(
        key_id=secrets.token_hex(6),
        name=name,
        role=role,
        digest=_digest(secret),
        made_at=now,
        expires_at=expires_at,
    )
    row = {column.name: getattr(made, column.name) for column in api_keys.columns}
    with store.database.transaction() as connection:
        connection.execute(insert(api_keys), row)
    return made, f"atelier_{made.key_id}_{secret}"


def keys_of(store: Store) -> dict[str, ApiKey]:
    """Every key that was ever made, by id, the oldest first."""
    query = select(api_keys).order_by(api_keys.c.made_at, api_keys.c.key_id)
    with store.database.transaction(reads=True) as connection:
        rows = connection.execute(query).mappings().all()
    return {row["key_id"]: ApiKey(**row) for row in rows}


def revoke_key(store: Store, key_id: str, *, now: datetime) -> ApiKey:
    """Let a key count no longer; one that is revoked already stays as it is.

    Raises:
        KeyRefused: there is no such key.
    """
    if _found(store, key_id).revoked_at is None:
        _change(store, key_id, revoked_at=now)
    return _found(store, key_id)


def rotate_key(
    store: Store, key_id: str, *, now: datetime, overlap: timedelta, lasting: timedelta | None
) -> tuple[ApiKey, str]:
    """A new key of the same name and role; the old one expires once both have counted for a while.

    Args:
        store: where keys lie.
        key_id: the old one.
        now: the moment.
        overlap: how long both count.
        lasting: how long the new one counts; None for always.

    Raises:
        KeyRefused: there is no such key, or it counts no longer.
    """
    old = _found(store, key_id)
    if old.state(now) != "valid":
        raise KeyRefused(
            f"The key is {old.state(now)}.", where=key_id, fix="Make a new one with 'keys create'."
        )
    expires = None if lasting is None else now + lasting
    made = make_key(store, old.name, old.role, now=now, expires_at=expires)
    ends = now + overlap
    _change(store, key_id, expires_at=ends if old.expires_at is None else min(ends, old.expires_at))
    return made


def whose(keys: Mapping[str, ApiKey], shown: str) -> ApiKey | None:
    """The key that a text is, whatever its state; None where it is none of them.

    The secret's digest is compared in constant time. An id that nobody has takes a shorter time,
    and an id is no secret.
    """
    parts = _KEY.fullmatch(shown)
    if parts is None:
        return None
    found = keys.get(parts[1])
    if found is None or not hmac.compare_digest(found.digest, _digest(parts[2])):
        return None
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _found(store: Store, key_id: str) -> ApiKey:
    found = keys_of(store).get(key_id)
    if found is None:
        raise KeyRefused(
            f"There is no key '{key_id:.40}'.", where="key", fix="'atelier keys list' names them."
        )
    return found


def _change(store: Store, key_id: str, **values: Any) -> None:
    with store.database.transaction() as connection:
        connection.execute(update(api_keys).where(api_keys.c.key_id == key_id).values(values))
