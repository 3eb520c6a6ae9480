"""Results on disk: complete or not there at all, and JSON that any reader takes."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.errors import OutputError

if TYPE_CHECKING:
    import pandas as pd


def to_json(value: object, *, indent: int | None = 2) -> str:
    """JSON text of plain values, numpy scalars and dates; a number that is not finite is null."""
    return json.dumps(plain(value), ensure_ascii=False, indent=indent, allow_nan=False)


def plain(value: Any) -> Any:
    """Plain values of numpy scalars, arrays and dates; a number that is not finite is None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | str | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well.

    Raises:
        OutputError: the folder is missing or cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from None
    part = Path(name)
    try:
        yield part
        # mkstemp makes a file that only its owner reads; a result is like any other file
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Fail before long work, not after it, where `path` cannot be written.

    Raises:
        OutputError: the folder is missing, cannot be written to, or `path` is a folder.
    """
    if path.is_dir():
        raise OutputError("This is a folder.", where=str(path), fix="Name a file in it.")
    if not path.parent.is_dir():
        raise OutputError(
            "There is no such folder.", where=str(path.parent), fix="Make it, or name another."
        )
    if not os.access(path.parent, os.W_OK):
        raise OutputError(
            "The folder cannot be written to.", where=str(path.parent), fix="Name another."
        )


def write_text(path: Path, text: str) -> None:
    """Put a text file in place, whole or not at all.

    Raises:
        OutputError: the folder is missing or cannot be written to.
    """
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> None:
    """Put a file in place, whole or not at all.

    Raises:
        OutputError: the folder is missing or cannot be written to.
    """
    with replacing(path) as part:
        part.write_bytes(content)


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Put a table in place as Parquet, whole or not at all.

    Raises:
        OutputError: the folder is missing or cannot be written to.
    """
    with replacing(path) as part:
        frame.to_parquet(part, index=False)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"This file cannot be written: {error.strerror or error}.",
        where=str(path),
        fix="Name a file in a folder that exists and can be written to.",
    )
