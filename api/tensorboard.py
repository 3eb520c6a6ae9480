"""Losses as TensorBoard's event files.

A file is a sequence of TFRecords: the length as 8 bytes little-endian and its masked CRC-32C, then
the record and its masked CRC-32C. A record is a protocol buffer `Event`: wall_time (1, double),
step (2, int64), file_version (3, string) or summary (5), which holds a value (1) with a tag (1,
string) and simple_value (2, float); see tensorflow/core/util/event.proto and
tensorflow/core/lib/io/record_writer.cc. Scalars need no more, so the file is written here: the
package of TensorBoard, which reads it, brings a web server and gRPC that no training needs.
"""

from __future__ import annotations

import math
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from api.errors import OutputError

POLYNOMIAL: Final = 0x82F63B78
"""CRC-32C (Castagnoli), reflected."""

MASK: Final = 0xA282EAD8
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5


def _table() -> tuple[int, ...]:
    values = []
    for byte in range(256):
        rest = byte
        for _ in range(8):
            rest = rest >> 1 ^ (POLYNOMIAL if rest & 1 else 0)
        values.append(rest)
    return tuple(values)


TABLE: Final = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C of some bytes.

    >>> hex(crc32c(b"123456789"))  # the check value of RFC 3720's polynomial
    '0xe3069283'
    """
    rest = 0xFFFFFFFF
    for byte in data:
        rest = TABLE[(rest ^ byte) & 0xFF] ^ rest >> 8
    return rest ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF)


def record(data: bytes) -> bytes:
    """One TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _field(number: int, kind: int, value: bytes) -> bytes:
    prefix = _varint(number << 3 | kind)
    return prefix + (_varint(len(value)) if kind == BYTES else b"") + value


def scalar_event(tag: str, step: int, value: float, wall_time: float) -> bytes:
    """The `Event` of one number."""
    held = _field(1, BYTES, tag.encode()) + _field(2, FIXED_32, struct.pack("<f", value))
    return (
        _field(1, FIXED_64, struct.pack("<d", wall_time))
        + _field(2, VARINT, _varint(step))
        + _field(5, BYTES, _field(1, BYTES, held))
    )


class EventFile:
    """An event file that losses are appended to; a `data.watching.Watcher`.

    A fit of one name that comes twice in a run (trees of a trial, then of the whole) has curves
    of its own: `name`, `name_2`, …

    Attributes:
        written: how many losses.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.written = 0
        self._fits: dict[str, tuple[int, int]] = {}  # the fits so far, and the last one's last step
        version = _field(1, FIXED_64, struct.pack("<d", time.time()))
        self._file.write(record(version + _field(3, BYTES, b"brain.Event:2")))

    def __call__(self, fit: str, step: int, total: int, loss: float) -> None:  # noqa: ARG002  # the protocol
        """Append one loss and let readers see it."""
        fits, last = self._fits.get(fit, (1, 0))
        fits += step <= last
        self._fits[fit] = fits, step
        if math.isfinite(loss):
            tag = fit if fits == 1 else f"{fit}_{fits}"
            self._file.write(record(scalar_event(f"loss/{tag}", step, loss, time.time())))
            self._file.flush()
            self.written += 1


@contextmanager
def event_file(folder: Path) -> Iterator[EventFile]:
    """A new event file in a folder, which is made where it is not there.

    Raises:
        OutputError: the folder cannot be written to.
    """
    name = f"events.out.tfevents.{int(time.time())}.atelier.{os.getpid()}.{time.time_ns()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / name).open("xb")
    except OSError as error:
        raise OutputError(
            f"No event file can be written here: {error.strerror or error}.",
            where=str(folder),
            fix="Name a folder that can be written to.",
        ) from error
    with file:
        yield EventFile(file)
