"""Jobs over HTTP, and the process that does them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.jobs.runner import LEASE, Runner, utc_now
from api.service.app import create_app
from api.service.engine import Engine
from data.jobs.asking import MOST_QUEUED
from data.jobs.running import claim_job
from data.workspace import Workspace
from recsys.saved.saving import current_model
from tests.api.client import Client


@pytest.fixture
def client(engine: Engine) -> Client:
    return Client(create_app(engine))


@pytest.fixture
def runner(engine: Engine) -> Runner:
    return Runner(engine.workspace, engine.store.database)


def ask(client: Client, kind: str, key: str | None = None, **arguments: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/jobs", json={"kind": kind, "arguments": arguments}, headers=headers)


def test_a_training_is_accepted_done_and_told_of(
    client: Client, runner: Runner, engine: Engine
) -> None:
    accepted = ask(client, "train", model="popularity")
    assert accepted.status_code == 202
    job = accepted.json()
    assert job["state"] == "queued"
    assert job["progress"] == {"stage": "", "fraction": None}
    where = accepted.headers["location"]
    assert where == f"/v1/jobs/{job['job_id']}"
    assert runner.do_next()
    done = client.get(where).json()
    assert done["state"] == "done"
    assert done["progress"]["fraction"] == 1
    assert done["result"]["model_id"] == current_model(engine.workspace)
    assert "popularity" in done["result"]["model_id"]
    assert done["problem"] is None
    assert not runner.do_next()


def test_a_job_that_cannot_be_done_says_why(client: Client, runner: Runner) -> None:
    where = ask(client, "train", model="nonsense").headers["location"]
    assert runner.do_next()
    failed = client.get(where).json()
    assert failed["state"] == "failed"
    assert failed["result"] is None
    assert failed["problem"]["code"] == "recsys.unknown-model"
    assert failed["problem"]["do"]


def test_an_import_reads_the_inbox_and_nothing_else(
    client: Client, runner: Runner, engine: Engine, tmp_path: Path
) -> None:
    inbox = engine.workspace.root / "inbox"
    inbox.mkdir()
    outside = tmp_path / "market.csv"
    outside.write_text("date,weather\n2024-01-01,3\n")
    (inbox / "link.csv").symlink_to(outside)
    (inbox / "folder.csv").mkdir()
    for name in ("link.csv", "folder.csv", "absent.csv"):
        refused = ask(client, "import", files=[name], mapping="sample")
        assert refused.status_code == 422, name
        assert refused.json()["where"] == "body.arguments.files.0"
    for name in ("../market.csv", str(outside), "a/b.csv", ".hidden", "", "a\x00b", "a\\b"):
        assert ask(client, "import", files=[name], mapping="sample").status_code == 422, name
        good = ask(client, "import", files=["x.csv"], mapping=f"{name}.toml")
        assert good.status_code == 422, name
    (inbox / "market.csv").write_text("not,a,market\n1,2,3\n")
    before = engine.workspace.digest()
    where = ask(client, "import", files=["market.csv"], mapping="sample").headers["location"]
    assert runner.do_next()
    failed = client.get(where).json()
    assert failed["state"] == "failed"
    assert failed["problem"]["code"] == "data.import-refused"
    assert failed["problem"]["findings"]
    assert str(engine.workspace.root) not in str(failed)
    assert Workspace.open(engine.workspace.root).digest() == before


def test_strict_requests(client: Client) -> None:
    for body in (
        {},
        {"kind": "erase"},
        {"kind": "train", "arguments": {"horizon": 4}},
        {"kind": "plan", "arguments": {"horizon": 0}},
        {"kind": "plan", "arguments": {"horizon": 4}, "workspace": "/"},
        {"kind": "import"},
        {"kind": "import", "arguments": {"files": [], "mapping": "sample"}},
        {"kind": "forecast", "arguments": {"horizon": "4"}},
    ):
        assert client.post("/v1/jobs", json=body).status_code == 422, body
    assert client.get("/v1/jobs").json() == {"jobs": []}
    assert client.get("/v1/jobs/nothing").status_code == 404
    assert client.post("/v1/jobs/nothing/cancel").status_code == 404


def test_a_request_sent_again_makes_one_job(client: Client) -> None:
    first, again = ask(client, "plan", "k", horizon=3), ask(client, "plan", "k", horizon=3)
    assert first.json() == again.json()
    other = ask(client, "plan", "k", horizon=4)
    assert other.status_code == 409
    assert other.json()["code"] == "data.key-reused"
    assert len(client.get("/v1/jobs").json()["jobs"]) == 1


def test_so_many_jobs_may_wait(client: Client) -> None:
    for _ in range(MOST_QUEUED):
        assert ask(client, "plan").status_code == 202
    full = ask(client, "plan")
    assert full.status_code == 429
    assert full.json()["code"] == "data.jobs-full"
    assert int(full.headers["retry-after"]) > 0


def test_cancelling(client: Client, engine: Engine) -> None:
    running, waiting = ask(client, "plan").json(), ask(client, "train").json()
    claim_job(engine.store.database, "another", now=utc_now(), lease=LEASE)
    gone = client.post(f"/v1/jobs/{waiting['job_id']}/cancel").json()
    assert gone["state"] == "cancelled"
    asked = client.post(f"/v1/jobs/{running['job_id']}/cancel").json()
    assert (asked["state"], asked["cancelling"]) == ("running", True)


def test_a_job_that_is_cancelled_while_it_runs_leaves_nothing_behind(
    client: Client, engine: Engine
) -> None:
    """The runner hears of it by its first beat, when the process has hardly begun."""
    job = ask(client, "train").json()
    before = current_model(engine.workspace)
    runner = Runner(engine.workspace, engine.store.database)
    runner.start()
    try:
        wait_for(client, job["job_id"], "running")
        client.post(f"/v1/jobs/{job['job_id']}/cancel")
        ended = wait_for(client, job["job_id"], "cancelled")
    finally:
        runner.close()
    assert ended["result"] is None
    assert current_model(engine.workspace) == before
    assert not list((engine.workspace.root / "models").glob(".saving-*"))


def test_a_service_that_stops_gives_its_job_back(client: Client, engine: Engine) -> None:
    job = ask(client, "train").json()
    runner = Runner(engine.workspace, engine.store.database)
    runner.start()
    wait_for(client, job["job_id"], "running")
    runner.close()
    back = client.get(f"/v1/jobs/{job['job_id']}").json()
    assert (back["state"], back["tries"]) == ("queued", 0)


def wait_for(client: Client, job_id: str, state: str) -> dict[str, Any]:
    """The job, once it is in a state."""
    import time

    for _ in range(600):
        found: dict[str, Any] = client.get(f"/v1/jobs/{job_id}").json()
        if found["state"] == state:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_no_inbox_is_no_fault(client: Client, engine: Engine) -> None:
    shutil.rmtree(engine.workspace.root / "inbox", ignore_errors=True)
    assert ask(client, "import", files=["a.csv"], mapping="sample").status_code == 422
