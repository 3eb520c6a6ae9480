"""The manifest of a saved model: what it is, the digest of each file, and a signature over both.

Nothing of a saved model is parsed before its manifest's signature and its file's digest hold. The
manifest's own bytes must be exactly those that signing wrote, so that not a blank can change.
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
from recsys.errors import ModelRefused

SCHEMA: Final = 1
KEY_VARIABLE: Final = "ATELIER_SIGNING_KEY"
MOST_BYTES: Final = 100_000
AGAIN: Final = "Train and save the model again, or go back to another version."


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


def canonical(manifest: dict[str, Any]) -> bytes:
    """The bytes that are signed: JSON with sorted names and no blanks."""
    return json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


def signed(manifest: dict[str, Any], key: bytes) -> bytes:
    """The manifest file's bytes."""
    signature = hmac.new(key, canonical(manifest), hashlib.sha256).hexdigest()
    return json.dumps({"manifest": manifest, "signature": signature}, indent=2).encode() + b"\n"


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
    manifest = _manifest_of(raw, key)
    if manifest is None:
        raise ModelRefused(
            "The manifest is altered, or signed with another key.",
            where=str(path),
            fix=f"{AGAIN} If the key has moved, set {KEY_VARIABLE}.",
        )
    if manifest["model_id"] != folder.name:
        raise ModelRefused(
            f"The folder holds the model {manifest['model_id']}.", where=str(folder), fix=AGAIN
        )
    if manifest["schema"] != SCHEMA:
        raise ModelRefused(
            "The model was saved by another version of Atelier.", where=str(path), fix=AGAIN
        )
    return manifest


def _manifest_of(raw: bytes, key: bytes) -> dict[str, Any] | None:
    """The manifest that the bytes sign; None where they do not."""
    if len(raw) > MOST_BYTES:
        return None
    try:
        manifest = json.loads(raw)["manifest"]
        expected = signed(manifest, key)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return manifest if hmac.compare_digest(raw, expected) else None


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
