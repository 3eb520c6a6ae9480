"""Lists made ahead: what known customers get, in a file beside their model.

    models/<id>/lists-<first day>.bin

    magic      16 bytes
    header     8 bytes of its length (little-endian), then JSON padded with blanks to whole 8 bytes
    bodies     each as it is sent, one after the other, padded to whole 8 bytes
    bounds     (U, 3) int64, where each customer's body begins, its length (0: none), CRC-32
    shown      (U, K) int32, positions of the variants that each list shows, -1 beyond its end
    fallback   (U,) int8, position in FALLBACKS
    signature  HMAC-SHA256 of all that comes before

Workers read bodies from the one file as they are asked for, so that its pages are in memory once,
and look at each body's checksum again. Packed bodies would be a sixth as large, and take longer to
unpack than all the rest of a request. A file holds for one model, for a span of days in which the
same variants are on sale, and for the Atelier and numpy that made it; it is written beside and
renamed into place, and nothing of it is parsed before its signature holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from data.kept import to_disk

PLAIN_K: Final = 20
"""Length of the list of a plain request: one that names nothing but its customer."""

MOST_BYTES: Final = 1_000_000_000
"""Bytes of bodies in one file, about 100,000 of them; customers beyond wait for their turn."""

FALLBACKS: Final = (None, "popular", "popular_in_region")
_MAGIC: Final = b"ATELIER-LISTS-3\n"
_SIGNATURE: Final = 32
_ROW: Final = 24 + 4 * PLAIN_K + 1
_PART: Final = 1 << 20


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
        descriptor: of the file, whose signature holds; closed with the last who uses it.
        arrays: what stands between its bodies and its signature.
        customers: (U,) the model's, whose order is the file's.
    """

    def __init__(self, descriptor: int, arrays: bytes, customers: NDArray[np.object_]) -> None:
        count = len(customers)
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        self._places = {str(customer): place for place, customer in enumerate(customers)}
        self._bounds = np.frombuffer(arrays, np.int64, 3 * count).reshape(count, 3)
        start = self._bounds.nbytes
        self.shown = np.frombuffer(arrays, np.int32, count * PLAIN_K, start)
        self.shown = self.shown.reshape(count, PLAIN_K)
        self._fallback = np.frombuffer(arrays, np.int8, count, start + self.shown.nbytes)

    def __len__(self) -> int:
        """How many customers have a list."""
        return int((self._bounds[:, 1] > 0).sum())

    def place(self, customer_id: str) -> int | None:
        """The position of a customer whom the model knows; not each has a list."""
        return self._places.get(customer_id)

    def body(self, place: int) -> bytes | None:
        """The answer of the customer at a position, if it was made and is as it was."""
        start, length, checksum = self._bounds[place].tolist()
        body = os.pread(self._descriptor, length, start)
        return body if body and zlib.crc32(body) == checksum else None

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
    bounds = np.zeros((customers, 3), dtype=np.int64)
    shown = np.full((customers, PLAIN_K), -1, dtype=np.int32)
    fallback = np.zeros(customers, dtype=np.int8)
    with _signed(path, key) as write:
        end = write(_head(span))
        for place, made in lists:
            if end + len(made.body) > MOST_BYTES:
                break
            bounds[place] = end, len(made.body), zlib.crc32(made.body)
            shown[place, : len(made.shown)] = made.shown
            fallback[place] = FALLBACKS.index(made.fallback)
            end += write(made.body)
        write(b" " * (-end % 8))
        for array in (bounds, shown, fallback):
            write(array.tobytes())
    return int((bounds[:, 1] > 0).sum())


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
    head, tail = _head(span), customers.size * _ROW
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < len(head) + tail + _SIGNATURE or not _is_signed(file, size, key):
                return None
            begins = os.pread(file.fileno(), len(head), 0)
            arrays = os.pread(file.fileno(), tail, size - _SIGNATURE - tail)
            if begins != head or len(arrays) < tail:
                return None
            return ReadyLists(os.dup(file.fileno()), arrays, customers)
    except OSError:
        return None


def _is_signed(file: BinaryIO, size: int, key: bytes) -> bool:
    """Whether the signature at a file's end is that of the bytes before."""
    said, left = hmac.new(key, digestmod=hashlib.sha256), size - _SIGNATURE
    while left > 0 and (part := file.read(min(left, _PART))):
        said.update(part)
        left -= len(part)
    return hmac.compare_digest(said.digest(), file.read(_SIGNATURE))


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
