"""Lists made ahead: what known customers get, in a file beside their model.

    models/<id>/lists-<first day>.bin

    magic      16 bytes
    header     8 bytes of its length (little-endian), then JSON padded with blanks to whole 8 bytes
    bodies     each as it is sent, one after the other, padded to whole 8 bytes
    bounds     (U, 2) int64, where each customer's body begins and ends; equal where there is none
    shown      (U, K) int32, positions of the variants that each list shows, -1 beyond its end
    fallback   (U,) int8, position in FALLBACKS
    signature  HMAC-SHA256 of all that comes before

Workers map the one file, so that its pages are in memory once, and no more of them than are read;
packed bodies would be a sixth as large, and take longer to unpack than all the rest of a request.
It holds for one model, for a span
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
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
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
"""Bytes of bodies in one file, about 100,000 of them; customers beyond wait for their turn."""

FALLBACKS: Final = (None, "popular", "popular_in_region")
_MAGIC: Final = b"ATELIER-LISTS-2\n"
_SIGNATURE: Final = 32
_ROW: Final = 16 + 4 * PLAIN_K + 1


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
        customers: (U,) the model's, whose order is the file's.
    """

    def __init__(self, content: mmap.mmap, customers: NDArray[np.object_]) -> None:
        count = len(customers)
        start = len(content) - _SIGNATURE - count * _ROW
        self._content = content
        self._places = {str(customer): place for place, customer in enumerate(customers)}
        self._bounds = np.frombuffer(content, np.int64, 2 * count, start).reshape(count, 2)
        start += self._bounds.nbytes
        self.shown = np.frombuffer(content, np.int32, count * PLAIN_K, start)
        self.shown = self.shown.reshape(count, PLAIN_K)
        self._fallback = np.frombuffer(content, np.int8, count, start + self.shown.nbytes)

    def __len__(self) -> int:
        """How many customers have a list."""
        return int((self._bounds[:, 0] < self._bounds[:, 1]).sum())

    def place(self, customer_id: str) -> int | None:
        """The position of a customer whom the model knows; not each has a list."""
        return self._places.get(customer_id)

    def body(self, place: int) -> bytes | None:
        """The answer of the customer at a position, if it was made."""
        start, end = self._bounds[place].tolist()
        return self._content[start:end] or None

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
    bounds = np.zeros((customers, 2), dtype=np.int64)
    shown = np.full((customers, PLAIN_K), -1, dtype=np.int32)
    fallback = np.zeros(customers, dtype=np.int8)
    with _signed(path, key) as write:
        end = write(_head(span))
        for place, made in lists:
            if end + len(made.body) > MOST_BYTES:
                break
            bounds[place] = end, end + len(made.body)
            shown[place, : len(made.shown)] = made.shown
            fallback[place] = FALLBACKS.index(made.fallback)
            end += write(made.body)
        write(b" " * (-end % 8))
        for array in (bounds, shown, fallback):
            write(array.tobytes())
    return int((bounds[:, 0] < bounds[:, 1]).sum())


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
    least = len(head) + customers.size * _ROW + _SIGNATURE
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
    return ReadyLists(content, customers)


def _head(span: Span) -> bytes:
    text = json.dumps(span.header(), sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    return _MAGIC + len(text).to_bytes(8, "little") + text


@contextmanager
def _signed(path: Path, key: bytes) -> Iterator[Callable[[bytes], int]]:
    """Write a file with its signature behind; it is in place, whole, at the end."""
    signature = hmac.new(key, digestmod=hashlib.sha256)
    handle, name = tempfile.mkstemp(prefix=".lists-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:

            def write(part: bytes) -> int:
                signature.update(part)
                return file.write(part)

            yield write
            file.write(signature.digest())
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        to_disk(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
