"""The manifest of a saved model: what it is, the digest of each file, and a signature over both.

Nothing of a saved model is parsed before its manifest's signature and its file's digest hold. The
manifest itself is JSON of a fixed frame, from which the signature and the bytes that it covers are
cut by their places, so that not a blank can change and no byte is parsed that nobody signed:

    {
    "signature": "<64 hexadecimal digits>",
    "manifest": {…}
    }
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any, Final

from data.workspace import Workspace
from recsys.errors import ModelRefused, RecsysError

SCHEMA: Final = 3
"""Raised where files or fields of a saved model change; only models of this one are loaded."""

KEY_VARIABLE: Final = "ATELIER_SIGNING_KEY"
MOST_BYTES: Final = 100_000
AGAIN: Final = "Train and save the model again, or go back to another version."
_HEAD: Final = b'{\n"signature": "'
_MIDDLE: Final = b'",\n"manifest": '
_TAIL: Final = b"\n}\n"
_DIGITS: Final = 64  # of an HMAC-SHA256
_FIRST_FRAME: Final = b'{\n  "manifest": {'  # how a manifest of schema 1 begins


def signing_key(workspace: Workspace) -> bytes:
    """The key of the environment's ATELIER_SIGNING_KEY, else the workspace's own, made once.

    Raises:
        ModelRefused: the key's file is empty.
    """
    given = os.environ.get(KEY_VARIABLE)
    if given:
        return given.encode()
    path = workspace.root / "signing.key"
    if not path.exists():
        handle, name = tempfile.mkstemp(prefix=".signing-", dir=workspace.root)  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
        try:
            path.hardlink_to(name)  # whole, and only where no other process was faster
        except FileExistsError:
            pass
        finally:
            Path(name).unlink()
    key = path.read_bytes()
    if not key:
        raise ModelRefused(
            "The signing key is empty.", where=str(path), fix="Delete it and save models anew."
        )
    return key


def digest_of(manifest: dict[str, Any]) -> str:
    """SHA-256 of a manifest's content, whatever the order of its names."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def signed(manifest: dict[str, Any], key: bytes) -> bytes:
    """The manifest file's bytes.

    Raises:
        RecsysError: there are more of them than would be read again.
    """
    body = json.dumps(manifest, sort_keys=True, indent=2).encode()
    raw = _HEAD + _signature(body, key) + _MIDDLE + body + _TAIL
    if len(raw) > MOST_BYTES:
        raise RecsysError(
            f"The model's manifest would have {len(raw):,} bytes, and {MOST_BYTES:,} are allowed.",
            where="manifest.json",
            fix="Let the model's facts say less.",
        )
    return raw


def verified(folder: Path, key: bytes) -> dict[str, Any]:
    """The manifest of a folder, once its signature, id and schema hold.

    Raises:
        ModelRefused: it is missing, altered, signed with another key, another folder's, or of
            another schema.
    """
    path = folder / "manifest.json"
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ModelRefused(
            "The saved model has no manifest.", where=str(folder), fix=AGAIN
        ) from error
    if raw.startswith(_FIRST_FRAME):
        raise _of_another_schema("1", path)
    body = _signed_part(raw, key)
    if body is None:
        raise ModelRefused(
            "The manifest is altered, or signed with another key.",
            where=str(path),
            fix=f"{AGAIN} If the key has moved, set {KEY_VARIABLE}.",
        )
    manifest: dict[str, Any] = json.loads(body)
    if manifest["schema"] != SCHEMA:
        raise _of_another_schema(manifest["schema"], path)
    if manifest["model_id"] != folder.name:
        raise ModelRefused(
            f"The folder holds the model {manifest['model_id']}.", where=str(folder), fix=AGAIN
        )
    return manifest


def _of_another_schema(found: object, path: Path) -> ModelRefused:
    return ModelRefused(
        f"The model was saved in the format {found}; this Atelier reads {SCHEMA}.",
        where=str(path),
        fix="Train again with 'atelier train'; 'atelier models remove' deletes the old version.",
    )


def _signature(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode()


def _signed_part(raw: bytes, key: bytes) -> bytes | None:
    """The bytes that the signature covers, cut out unparsed; None where it does not hold."""
    start = len(_HEAD) + _DIGITS + len(_MIDDLE)
    found, body = raw[len(_HEAD) : len(_HEAD) + _DIGITS], raw[start : -len(_TAIL)]
    whole = len(raw) <= MOST_BYTES and raw == _HEAD + found + _MIDDLE + body + _TAIL
    return body if whole and hmac.compare_digest(found, _signature(body, key)) else None


def checked(path: Path, digest: str) -> bytes:
    """A file's bytes, once their SHA-256 is the manifest's.

    Raises:
        ModelRefused: the file is missing or altered.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelRefused(
            "A file of the saved model is missing.", where=str(path), fix=AGAIN
        ) from error
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), digest):
        raise ModelRefused("A file of the saved model is altered.", where=str(path), fix=AGAIN)
    return content
