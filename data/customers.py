"""Customers under pseudonyms: what is stored of them never holds the id that the shop gives them.

    pseudonym = "c_" + base32(first 128 bits of HMAC-SHA256(key, id))

The same id has the same pseudonym in one workspace, so that orders, events and requests of a
customer meet; who reads the files without the key cannot tell who it is, nor try ids one by one. Of
2**32 customers two share a pseudonym with a chance below 2**-64 (the birthday bound).

There are two doors. Imports replace the columns of kind "customer" (`data.cleaning.staging`); the
service and the command line replace an id as soon as it is given (`Engine.customer_of`,
`Workspace.pseudonyms`). Whatever lies behind them knows pseudonyms alone. A pseudonym that is given
where an id is expected stays as it is: replacing twice does no harm, and one that the planner reads
in a table can be asked for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from data.errors import WorkspaceError

KEY_VARIABLE: Final = "ATELIER_CUSTOMER_KEY"
KEY_FILE: Final = "customer.key"
LEAST_KEY: Final = 32
"""Characters of a key that the environment gives, at least."""

_BYTES: Final = 16
_FORM: Final = re.compile(r"c_[a-z2-7]{26}")
_CHECKED: Final = b"\x00atelier customers\x00"  # no id: those hold no control characters


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The pseudonyms of one workspace; safe to share between threads.

    >>> names = Pseudonyms(b"a key of the documentation, no other")
    >>> names.of("10242")
    'c_area7nrrjmti3aawxlms752ox4'
    >>> names.of(names.of("10242")) == names.of("10242")
    True
    """

    key: bytes = field(repr=False)

    def of(self, customer_id: str) -> str:
        """The pseudonym of an id; one that is a pseudonym already stays."""
        if is_pseudonym(customer_id):
            return customer_id
        digest = hmac.digest(self.key, customer_id.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return "c_" + base64.b32encode(digest[:_BYTES]).decode().rstrip("=").lower()

    def column(self, ids: pd.Series) -> pd.Series:
        """Pseudonyms in the place of ids, missing ones left missing; O(rows), one HMAC an id."""
        codes, distinct = pd.factorize(ids)
        named = pd.Series([self.of(str(one)) for one in distinct], dtype="str")
        taken = named.reindex(codes)  # a missing id has the code -1, which nothing is at
        return taken.set_axis(ids.index)

    def check(self) -> str:
        """What tells this key from another, without telling the key."""
        return hmac.digest(self.key, _CHECKED, hashlib.sha256).hex()[:_BYTES]


def is_pseudonym(text: str) -> bool:
    """Whether a text has the form of a pseudonym."""
    return _FORM.fullmatch(text) is not None


def new_pseudonyms() -> Pseudonyms:
    """Those of a new workspace: of the environment's key, else of a random one.

    Raises:
        WorkspaceError: the environment's key is too short.
    """
    return Pseudonyms(_given_key() or secrets.token_hex(LEAST_KEY).encode())


def write_key(root: Path, pseudonyms: Pseudonyms) -> None:
    """Keep the key in the workspace for its owner alone, unless the environment gives it."""
    if _given_key() is None:
        handle = os.open(root / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(pseudonyms.key)
            file.flush()
            os.fsync(file.fileno())


def read_pseudonyms(root: Path, check: str) -> Pseudonyms:
    """Those of a workspace, from the environment's key or from its file.

    Args:
        root: the workspace.
        check: what the workspace's marker says of its key.

    Raises:
        WorkspaceError: the key is missing, or not the one that the tables were made with.
    """
    path = root / KEY_FILE
    key = _given_key()
    if key is None:
        try:
            key = path.read_bytes()
        except OSError as error:
            raise WorkspaceError(
                "The key of this workspace's customers is missing.",
                where=str(path),
                fix=f"Restore the file, or set {KEY_VARIABLE}.",
            ) from error
    found = Pseudonyms(key)
    if not hmac.compare_digest(found.check(), check):
        raise WorkspaceError(
            "This is not the key that this workspace's customers were imported under.",
            where=KEY_VARIABLE if _given_key() is not None else str(path),
            fix="Restore the one they were imported under; under another nobody would be found.",
        )
    return found


def _given_key() -> bytes | None:
    """The environment's key, if it has one."""
    given = os.environ.get(KEY_VARIABLE)
    if not given:
        return None
    if len(given) < LEAST_KEY:
        raise WorkspaceError(
            f"The key of the customers is shorter than {LEAST_KEY} characters.",
            where=f"environment {KEY_VARIABLE}",
            fix="Set a random one, such as 'openssl rand -hex 32' prints.",
        )
    return given.encode()
