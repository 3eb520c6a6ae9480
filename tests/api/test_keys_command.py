"""`atelier keys`, and how `atelier serve` takes keys, certificates and several workers."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
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


@contextmanager
def serving(workspace: Path, *flags: object) -> Iterator[str]:
    """The address of a service that is ended as by Ctrl-C, and must end well."""
    program = Path(sys.executable).with_name("atelier")
    command = [
        str(program),
        "serve",
        "--workspace",
        str(workspace),
        "--port",
        "0",
        *map(str, flags),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stderr is not None
        try:
            told = (json.loads(line) for line in process.stderr)
            yield next(line["url"] for line in told if line["event"] == "serving")
            process.send_signal(signal.SIGINT)
            assert "Traceback" not in process.stderr.read()
            assert process.wait(30) == 0
        finally:
            process.kill()


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


def test_workers_over_tls_with_a_key(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = keys(capsys, "create", "--name", "desk", "--role", "planner", "-w", workspace)["key"]
    trusted = ssl.create_default_context(cafile=TLS / "cert.pem")
    tls = ("--tls-cert", TLS / "cert.pem", "--tls-key", TLS / "key.pem")
    with serving(workspace, "--workers", 2, "--host", "0.0.0.0", *tls) as url:  # noqa: S104
        assert url.startswith("https://")
        local = url.replace("0.0.0.0", "127.0.0.1")  # noqa: S104  # what it binds
        retried = httpx.HTTPTransport(verify=trusted, retries=20)
        with httpx.Client(base_url=local, transport=retried, timeout=60) as client:
            assert client.get("/v1/variant-mix").status_code == 401
            headers = {"authorization": f"Bearer {key}"}
            for _ in range(10):
                assert client.get("/v1/variant-mix", headers=headers).status_code == 200
            text = client.get("/metrics", headers=headers).text
    label = 'method="GET",route="/v1/variant-mix",status="200"'
    assert f"atelier_request_seconds_count{{{label}}} 10.0" in text


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
