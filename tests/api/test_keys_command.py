"""`atelier keys`, and how `atelier serve` takes certificates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.errors import SettingsError
from api.service import server
from tests.api.test_cli import answered, run
from tests.paths import ROOT

TLS = ROOT / "tests" / "api" / "tls"
"""A certificate for localhost and its key, which only these tests trust."""


def keys(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    """What a command of `atelier keys` answers."""
    return answered(capsys, "keys", *words)


def test_a_keys_life(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--workspace", workspace)
    made = keys(capsys, "create", "--name", "till", "--role", "shop", "--expires", 30, *at)
    assert made["key"].startswith(f"atelier_{made['key_id']}_")
    new = keys(capsys, "rotate", made["key_id"], "--overlap", 0, *at)
    assert new["name"] == "till"
    keys(capsys, "revoke", new["key_id"], *at)
    listed = keys(capsys, "list", *at)["keys"]
    assert [(one["key_id"], one["state"]) for one in listed] == [
        (made["key_id"], "expired"),
        (new["key_id"], "revoked"),
    ]
    assert made["key"] not in json.dumps(listed)
    status, out, _ = run(capsys, "keys", "list", *at)
    assert status == 0
    assert "till" in out


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("create", "--name", "x", "--role", "king"), 2),
        (("create", "--name", " "), 1),
        (("revoke", "0" * 12), 1),
        (("rotate", "nobody"), 1),
    ],
)
def test_what_no_key_can_be(
    workspace: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], status: int
) -> None:
    ended, _, err = run(capsys, "keys", *words, "--workspace", workspace)
    assert ended == status
    assert err


@pytest.mark.parametrize(
    "flags",
    [
        {"tls_cert": TLS / "cert.pem"},
        {"tls_cert": TLS / "cert.pem", "tls_key": TLS / "cert.pem"},
        {"tls_cert": TLS / "none.pem", "tls_key": TLS / "key.pem"},
    ],
    ids=["no key", "no key file", "no file"],
)
def test_a_certificate_that_cannot_be_used_is_told(workspace: Path, flags: dict[str, Path]) -> None:
    with pytest.raises(SettingsError):
        server.run(workspace, flags)
