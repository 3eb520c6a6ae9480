"""Arrays of a saved file as the file holds them: mapped, checked, never copied.

Processes that serve the same model so share its pages. Atelier writes a version's files once,
renames them into place and never touches them again, and removing one leaves what is mapped; but
who writes into a mapped file changes or kills what serves, although its digest held. So models are
mapped only where several processes serve one. The mapping is "copy on write", since compiled code
asks for arrays that it may write, though none does.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import mmap
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recsys.errors import ModelRefused
from recsys.saved.manifest import AGAIN

_KINDS: Final = {
    "F64": np.float64,
    "F32": np.float32,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
    "BOOL": np.bool_,
}
"""The format's names of what we keep in it."""


def mapped(path: Path, digest: str) -> mmap.mmap:
    """A file's bytes in memory that processes share, once their SHA-256 is the manifest's.

    Raises:
        ModelRefused: the file is missing or altered.
    """
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise ModelRefused(
            "A file of the saved model is missing.", where=str(path), fix=AGAIN
        ) from error
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), digest):
        raise ModelRefused("A file of the saved model is altered.", where=str(path), fix=AGAIN)
    return content


def arrays(content: mmap.mmap) -> dict[str, NDArray[Any]]:
    """The arrays of a file in the safetensors format, over its very bytes.

    The file is 8 bytes of its header's length (little-endian), the header (JSON: each array's
    dtype, shape and place among the bytes) and the arrays, each at a whole multiple of its items.
    """
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    found = {}
    for name, one in header.items():
        if name == "__metadata__":
            continue
        begin, end = one["data_offsets"]
        kind = np.dtype(_KINDS[one["dtype"]])
        flat = np.frombuffer(content, kind, (end - begin) // kind.itemsize, start + begin)
        found[name] = flat.reshape(one["shape"])
    return found
