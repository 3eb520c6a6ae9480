"""A service that is killed in the middle of a job: the next one does the job anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from api.jobs.runner import utc_now
from data.jobs.table import jobs
from data.store import open_store
from data.workspace import Workspace
from recsys.saved.saving import current_model

SERVE = "import sys; from api.cli import main; main(sys.argv[1:])"
MOST_SECONDS = 120


def serve(workspace: Path) -> tuple[subprocess.Popen[str], str]:
    """A running service on a free port, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve", "--workspace", str(workspace), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"ATELIER_READY_LISTS": "0"},
    )
    assert process.stderr is not None
    for line in process.stderr:
        started = json.loads(line)
        if started["event"] == "serving":
            return process, started["url"]
    raise AssertionError(process.wait())


def wait_for(url: str, done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The job at an address, once something is so."""
    for _ in range(MOST_SECONDS * 10):
        found: dict[str, Any] = httpx.get(url, timeout=30).json()
        if done(found):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def children(process: subprocess.Popen[str]) -> list[int]:
    """The processes that a process started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent == process.pid:
            found.append(int(status.parent.name))
    return found


def lives(process: int) -> bool:
    """Whether a process is there, and no mere entry of one that ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_job_survives_the_service_that_did_it(workspace: Path) -> None:
    before = current_model(Workspace.open(workspace))
    first, url = serve(workspace)
    try:
        asked = httpx.post(f"{url}/v1/jobs", json={"kind": "train"}, timeout=30)
        where = asked.headers["location"]
        wait_for(url + where, lambda job: job["progress"]["stage"] != "")
        workers = children(first)
        assert workers
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    for _ in range(100):  # the worker's stdin ended with the service, and so does the worker
        if not any(map(lives, workers)):
            break
        time.sleep(0.1)
    assert not any(map(lives, workers))
    assert current_model(Workspace.open(workspace)) == before
    assert not list((workspace / "models").glob(".saving-*"))

    store = open_store(f"sqlite:///{workspace / 'atelier.db'}")
    with store.database.transaction() as connection:  # rather than wait until the lease is over
        over = utc_now() - timedelta(seconds=1)
        connection.execute(update(jobs).values(lease_until=over))
    store.close()

    second, url = serve(workspace)
    try:
        done = wait_for(url + where, lambda job: job["state"] in {"done", "failed"})
        assert done["state"] == "done"
        assert done["tries"] == 2
        assert done["result"]["model_id"] == current_model(Workspace.open(workspace))
    finally:
        second.send_signal(signal.SIGKILL)
        second.wait()
        assert second.stderr is not None
        second.stderr.close()
        assert first.stderr is not None
        first.stderr.close()
