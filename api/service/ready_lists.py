"""Lists made ahead: the answers to known customers' plain requests, in a file beside their model.

    models/<id>/lists-<first day>.bin

    magic      16 bytes
    header     8 bytes of its length (little-endian), then JSON padded with blanks to whole 8 bytes
    offsets    (U + 1,) int64, where each customer's body begins; equal ones where there is none
    shown      (U, K) int32, positions of the variants that each list shows, -1 beyond its end
    fallback   (U,) int8, position in FALLBACKS
    bodies     zlib, one stream a customer
    signature  HMAC-SHA256 of all that comes before

Workers map the one file, so that its pages are in memory once. It holds for one model, for a span
of days in which the same variants are on sale, and for the Atelier and numpy that made it; it is
written beside and renamed into place, and nothing of it is parsed before its signature holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mmap
import os
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.kept import to_disk

PLAIN_K: Final = 20
"""Length of the list of a plain request: one that names nothing but its customer."""

MOST_BYTES: Final = 1_000_000_000
"""Bytes of bodies in one file; customers beyond are answered when they come."""

FALLBACKS: Final = (None, "popular", "popular_in_region")
_MAGIC: Final = b"ATELIER-LISTS-1\n"
_SIGNATURE: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a file holds for.

    Attributes:
        model_id: the saved version that made the lists.
        first: the first day of the span, ISO 8601.
        after: the first day after it.
    """

    model_id: str
    first: str
    after: str

    def file(self, models: Path) -> Path:
        """Where the lists lie."""
        return models / self.model_id / f"lists-{self.first}.bin"

    def header(self) -> dict[str, Any]:
        """What must be equal for a file to hold."""
        made_by = {name: version(name) for name in ("atelier", "numpy")}
        return {"model_id": self.model_id, "first": self.first, "after": self.after, **made_by}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyList:
    """One customer's list.

    Attributes:
        body: the answer as it is sent.
        shown: positions of its variants, at most PLAIN_K.
        fallback: what stood in for the model.
    """

    body: bytes
    shown: NDArray[np.int32]
    fallback: str | None


class ReadyLists:
    """An opened file; safe to share between threads.

    Args:
        content: the file, whose signature holds.
        start: where the arrays begin.
        customers: (U,) the model's, whose order is the file's.
    """

    def __init__(self, content: mmap.mmap, start: int, customers: NDArray[np.object_]) -> None:
        count = len(customers)
        self._content = content
        self._places = {str(customer): place for place, customer in enumerate(customers)}
        self._offsets = np.frombuffer(content, np.int64, count + 1, start)
        start += self._offsets.nbytes
        self.shown = np.frombuffer(content, np.int32, count * PLAIN_K, start)
        self.shown = self.shown.reshape(count, PLAIN_K)
        start += self.shown.nbytes
        self._fallback = np.frombuffer(content, np.int8, count, start)
        self._bodies = start + self._fallback.nbytes

    def __len__(self) -> int:
        """How many customers have a list."""
        return int((np.diff(self._offsets) > 0).sum())

    def place(self, customer_id: str) -> int | None:
        """The position of a customer who has a list."""
        place = self._places.get(customer_id)
        if place is None or self._offsets[place] == self._offsets[place + 1]:
            return None
        return place

    def body(self, place: int) -> bytes:
        """The answer of the customer at a position."""
        start = self._bodies + int(self._offsets[place])
        return zlib.decompress(self._content[start : self._bodies + int(self._offsets[place + 1])])

    def fallback(self, place: int) -> str | None:
        """What stood in for the model in the list at a position."""
        return FALLBACKS[self._fallback[place]]


def write_lists(
    path: Path,
    span: Span,
    customers: int,
    lists: Iterable[tuple[int, ReadyList]],
    key: bytes,
) -> int:
    """Put the lists of a span in place; how many.

    Args:
        path: the file; its folder must exist.
        span: what they hold for.
        customers: U, of the model.
        lists: position of a customer and the list, in any order, each once.
        key: signs the file.

    Raises:
        OSError: the folder is gone, or the disk is full.
    """
    found, size = {}, 0
    shown = np.full((customers, PLAIN_K), -1, dtype=np.int32)
    fallback = np.zeros(customers, dtype=np.int8)
    for place, made in lists:
        packed = zlib.compress(made.body, 6)
        size += len(packed)
        if size > MOST_BYTES:
            break
        found[place] = packed
        shown[place, : len(made.shown)] = made.shown
        fallback[place] = FALLBACKS.index(made.fallback)
    offsets = np.zeros(customers + 1, dtype=np.int64)
    lengths = [len(found.get(place, b"")) for place in range(customers)]
    offsets[1:] = np.cumsum(lengths)
    parts = (_head(span), offsets.tobytes(), shown.tobytes(), fallback.tobytes())
    _write_signed(path, (*parts, *(found[place] for place in sorted(found))), key)
    return len(found)


def open_lists(
    path: Path, span: Span, customers: NDArray[np.object_], key: bytes
) -> ReadyLists | None:
    """The lists of a span; None where there are none that hold.

    Args:
        path: the file.
        span: what they must hold for.
        customers: (U,) the model's.
        key: what it is signed with.
    """
    head = _head(span)
    least = len(head) + 8 + customers.size * (8 + 4 * PLAIN_K + 1) + _SIGNATURE
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < least:
                return None
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        return None
    view = memoryview(content)
    said = hmac.new(key, view[:-_SIGNATURE], hashlib.sha256).digest()
    whole = hmac.compare_digest(said, view[-_SIGNATURE:])
    if not whole or bytes(view[: len(head)]) != head:
        return None
    return ReadyLists(content, len(head), customers)


def _head(span: Span) -> bytes:
    text = json.dumps(span.header(), sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    return _MAGIC + len(text).to_bytes(8, "little") + text


def _write_signed(path: Path, parts: Iterable[bytes], key: bytes) -> None:
    signature = hmac.new(key, digestmod=hashlib.sha256)
    handle, name = tempfile.mkstemp(prefix=".lists-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                signature.update(part)
                file.write(part)
            file.write(signature.digest())
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        to_disk(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
