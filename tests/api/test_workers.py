"""Several workers behind one address, with certificates and keys: each serves, none is left."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from api.settings import load_settings
from api.work import key_of, train_and_save
from data.workspace import Workspace
from recsys.saved.saving import current_model
from recsys.saved.versions import use_model
from tests.api.test_keys_command import TLS, keys

T = TypeVar("T")

WORKERS = 2
SECONDS = 60.0


@pytest.fixture
def key(workspace: Path, capsys: pytest.CaptureFixture[str]) -> str:
    at = ("--workspace", workspace)
    return str(keys(capsys, "create", "--name", "till", "--role", "shop", *at)["key"])


@contextmanager
def serving(workspace: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The service and its address; its log is a file, for a pipe that nobody reads would fill."""
    words = ("serve", "--workspace", workspace, "--port", "0", "--workers", str(WORKERS),
             "--tls-cert", TLS / "cert.pem", "--tls-key", TLS / "key.pem")  # fmt: skip
    log = workspace / "serve.log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            [Path(sys.executable).with_name("atelier"), *words],
            stderr=file,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        try:
            yield process, in_time(lambda: said(log, "serving"))["url"]
        finally:
            process.terminate()


def said(log: Path, event: str) -> dict[str, str] | None:
    whole, _, _ = log.read_text().rpartition("\n")
    for line in whole.splitlines():
        found: dict[str, str] = json.loads(line)
        if found["event"] == event:
            return found
    return None


def in_time(look: Callable[[], T | None]) -> T:
    """What a look finds, once it finds something."""
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.1)
    raise AssertionError("nothing was found in time")


def workers_of(parent: int) -> list[int]:
    """The processes that serve: children that hold the listening socket, and no helpers."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    commands = {int(one): Path(f"/proc/{one}/cmdline").read_bytes() for one in children}
    return [one for one, command in commands.items() if b"spawn_main" in command]


@contextmanager
def halted(worker: int) -> Iterator[None]:
    """Only the other answers meanwhile."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def test_each_worker_serves_takes_up_a_new_model_and_ends_with_the_service(
    workspace: Path, key: str
) -> None:
    opened = Workspace.open(workspace)
    first, of = current_model(opened), key_of(opened, load_settings(workspace))
    with serving(workspace) as (process, url):
        assert url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(TLS / "cert.pem"))
        address = url.replace("127.0.0.1", "localhost")

        def listed(**headers: str) -> httpx.Response | None:
            """A list, over a connection of its own; None while nobody answers yet."""
            try:
                with httpx.Client(verify=trusting, timeout=SECONDS) as client:
                    return client.get(
                        f"{address}/v1/customers/anybody/recommendations", headers=headers
                    )
            except httpx.ConnectError:
                return None

        def served_by_each() -> list[str]:
            """The model that each worker serves, as it answers while the other is halted."""
            found = []
            for other in workers:
                with halted(other):
                    response = listed(authorization=f"Bearer {key}")
                assert response is not None
                assert response.status_code == 200, response.text
                found.append(response.json()["model_id"])
            return found

        assert in_time(listed).status_code == 401
        workers = in_time(
            lambda: found if len(found := workers_of(process.pid)) == WORKERS else None
        )
        assert served_by_each() == [first] * WORKERS
        second, _ = train_and_save(opened, load_settings(workspace, model="popularity"))
        use_model(opened, second, of)
        in_time(lambda: served_by_each() == [second] * WORKERS)
        process.send_signal(signal.SIGTERM)
        process.wait(SECONDS)
    in_time(lambda: not any(Path(f"/proc/{one}").exists() for one in workers))
    log = (workspace / "serve.log").read_text()
    assert "Traceback" not in log
    assert "crash" not in log
