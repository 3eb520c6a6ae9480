"""The service as it is deployed: its own process, a real socket, real HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.errors import OutputError
from api.service.limits import MOST_BYTES
from api.service.server import bind
from data.workspace import Workspace

CUSTOMER = "canary-of-one-customer"


@pytest.fixture
def server(workspace: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `atelier serve` on a free port, and its address."""
    program = Path(sys.executable).with_name("atelier")
    with subprocess.Popen(
        [program, "serve", "--workspace", workspace, "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                started = json.loads(line)
                if started["event"] == "serving":
                    yield process, started["url"]
                    break
        finally:
            process.kill()


def test_from_the_first_request_to_ctrl_c(server: tuple[subprocess.Popen[str], str]) -> None:
    process, url = server
    with httpx.Client(base_url=url, timeout=30) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        path = f"/v1/customers/{CUSTOMER}/recommendations"
        before = client.get(path, params={"k": 3}).json()
        assert before["fallback"] == "popular"
        event = {
            "event_id": "e1",
            "customer_id": CUSTOMER,
            "variant_id": before["recommendations"][2]["variant_id"],
            "kind": "cart",
            "at": "2024-09-01T10:00:00",
        }
        assert client.post("/v1/events", json={"events": [event]}).json()["stored"] == 1
        assert client.get(path, params={"k": 3}).json()["fallback"] is None
        html = client.get("/v1/variant-mix", headers={"accept": "text/html"})
        assert html.headers["content-type"] == "text/html; charset=utf-8"
        chunks = (b" " * 100_000 for _ in range(MOST_BYTES // 100_000 + 1))
        headers = {"content-type": "application/json"}
        assert client.post("/v1/events", content=chunks, headers=headers).status_code == 413
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    log = process.stderr.read()
    assert process.wait(timeout=15) == 0
    assert "Traceback" not in log
    assert CUSTOMER not in log
    requests = [line for line in map(json.loads, log.splitlines()) if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 200, 200, 200, 200, 413]


def test_the_log_names_no_customer_however_a_request_ends(
    server: tuple[subprocess.Popen[str], str], workspace: Path
) -> None:
    """Neither by the shop's id nor by the pseudonym: done, refused, not found, erased."""
    process, url = server
    at = f"/v1/customers/{CUSTOMER}"
    event = {"event_id": "e1", "customer_id": CUSTOMER, "variant_id": "v", "kind": "view",
             "at": "2024-09-01T10:00:00"}  # fmt: skip
    with httpx.Client(base_url=url, timeout=60) as client:
        answered = [
            client.get(f"{at}/recommendations", params={"k": 3}),
            client.get(f"{at}/recommendations", params={"k": CUSTOMER}),
            client.get(f"{at}/{CUSTOMER}"),
            client.get(f"/{CUSTOMER}?customer={CUSTOMER}", headers={"user-agent": CUSTOMER}),
            client.request(CUSTOMER.upper(), at),
            client.post("/v1/events", json={"events": [event]}),
            client.post("/v1/events", json={"events": [event | {"kind": CUSTOMER}]}),
            client.post("/v1/events", content=f'{{"{CUSTOMER}"'.encode(),
                        headers={"content-type": CUSTOMER}),
            client.get(at, headers={"authorization": f"Bearer {CUSTOMER}"}),
            client.get(at, headers={"x-request-id": f"for {CUSTOMER} only"}),
            client.post(at),
            client.request("DELETE", at),
            client.get(f"/customers?customer_id={CUSTOMER}"),
        ]  # fmt: skip
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    log = process.stderr.read()
    assert process.wait(timeout=15) == 0
    assert {200, 400, 404, 405, 415, 422} <= {one.status_code for one in answered}
    requests = [line for line in map(json.loads, log.splitlines()) if line["event"] == "request"]
    taken = [one.status_code for one in answered if one.status_code != 400]  # no method of HTTP's
    assert [line["status"] for line in requests] == taken
    pseudonym = Workspace.open(workspace).pseudonyms().of(CUSTOMER)
    for secret in (CUSTOMER, CUSTOMER.upper(), pseudonym):
        assert secret not in log


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(OutputError) as refusal:
            bind("127.0.0.1", port)
    assert str(port) in refusal.value.where
    assert "--port" in refusal.value.fix
