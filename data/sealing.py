"""Free text that is sealed at rest: stored so that only who has the field key can read it.

    sealed:1:<id of the key>:<Fernet token>   sealed: AES-128-CBC under an HMAC-SHA256
    sealed:0:<text>                           as written, a text that begins like a sealed one
    <text>                                    as written

All three may stand side by side, so that a store can be sealed later, key by key, or opened again.
Each token names its key: which rows an older key holds is seen without opening any. An empty text
is stored as it is.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from data.errors import FieldKeyRefused, SealBroken

KEY_VARIABLE: Final = "ATELIER_FIELD_KEY"
PLAIN: Final = "plain"
"""In the place of the newest key: new text is stored as it is written, older keys open."""

MOST_KEYS: Final = 20
MARK: Final = b"sealed:"
SEALED: Final = MARK + b"1:"
WRITTEN: Final = MARK + b"0:"

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}=")
_TOKEN: Final = re.compile(rb"sealed:1:([0-9a-f]{16}):([A-Za-z0-9_=-]+)")
_CHECKED: Final = b"atelier field key"


@dataclass(frozen=True, slots=True)
class Seals:
    """The field keys that a program has; safe to share between threads.

    Attributes:
        newest: id of the key that new text is sealed under; None where it is stored as written.
        locks: every key by its id, those that only open included.

    >>> Seals.of([]).seal_text("too small")
    'too small'
    >>> seals = Seals.of([new_key()])
    >>> seals.open_text(seals.seal_text("too small"))
    'too small'
    """

    newest: str | None
    locks: Mapping[str, Fernet] = field(repr=False)

    @classmethod
    def of(cls, keys: Sequence[str]) -> Seals:
        """Those of some keys, the newest first; PLAIN may stand in its place.

        Raises:
            FieldKeyRefused: one is no key, or there are too many.
        """
        sealing = not keys or keys[0] != PLAIN
        kept = keys if sealing else keys[1:]
        if len(kept) > MOST_KEYS or not all(_KEY.fullmatch(key) for key in kept):
            raise FieldKeyRefused(
                "This is no field key, nor several with a comma between them.",
                where=f"environment {KEY_VARIABLE}",
                fix="Make one with 'atelier customers field-key'; while keys change, write "
                f"NEW,OLD, or {PLAIN},OLD to store text as it is written again.",
            )
        locks = {key_id(key): Fernet(key) for key in kept}
        return cls(next(iter(locks), None) if sealing else None, locks)

    @classmethod
    def given(cls) -> Seals:
        """Those of the environment's ATELIER_FIELD_KEY.

        Raises:
            FieldKeyRefused: it holds something else than keys.
        """
        said = os.environ.get(KEY_VARIABLE, "").strip()
        return cls.of([one.strip() for one in said.split(",")] if said else [])

    def seal(self, content: bytes) -> bytes:
        """What is stored of some bytes."""
        if self.newest is not None and content:
            token = self.locks[self.newest].encrypt(content)
            return b"%b%b:%b" % (SEALED, self.newest.encode(), token)
        return WRITTEN + content if content.startswith(MARK) else content

    def open(self, stored: bytes) -> bytes:
        """What was stored, as it was written.

        Raises:
            FieldKeyRefused: it is sealed under a key that is not here.
            SealBroken: it was altered, or is damaged.
        """
        if not stored.startswith(MARK):
            return stored
        if stored.startswith(WRITTEN):
            return stored[len(WRITTEN) :]
        parts = _TOKEN.fullmatch(stored)
        if parts is None:
            raise _broken()
        lock = self.locks.get(parts[1].decode())
        if lock is None:
            raise key_missing(parts[1].decode(), some=bool(self.locks))
        try:
            return lock.decrypt(parts[2])
        except InvalidToken:
            raise _broken() from None

    def seal_text(self, text: str) -> str:
        """`seal` for a text."""
        return _text(self.seal(_bytes(text)))

    def open_text(self, stored: str) -> str:
        """`open` for a text; errors as there."""
        return _text(self.open(_bytes(stored)))

    def check(self, known: set[str]) -> None:
        """Refuse to work without a key that text is sealed under.

        Args:
            known: ids of the keys that it is.

        Raises:
            FieldKeyRefused: one is not here.
        """
        for one in sorted(known - self.locks.keys()):
            raise key_missing(one, some=bool(self.locks))


def new_key() -> str:
    """A random key, in URL-safe base64."""
    return Fernet.generate_key().decode()


def key_id(key: str) -> str:
    """What tells a key from others, without telling the key."""
    return hmac.digest(key.encode(), _CHECKED, hashlib.sha256).hex()[:16]


def key_missing(which: str, *, some: bool) -> FieldKeyRefused:
    """The error where a key is not here.

    Args:
        which: its id.
        some: whether there are others.
    """
    what = "Text in the store is sealed under a field key that is not given"
    return FieldKeyRefused(
        f"{what}: the keys that are given are others." if some else f"{what}.",
        where=f"environment {KEY_VARIABLE}, key {which}",
        fix=f"Set {KEY_VARIABLE} to the key that the store was sealed under; while keys change, "
        "to NEW,OLD. Without it the text cannot be read.",
    )


def _broken() -> SealBroken:
    return SealBroken(
        "A sealed text was altered, or is damaged.",
        where="the store",
        fix="Somebody has edited the tables: restore a backup.",
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")
