"""What `atelier doctor` finds wrong with a workspace, one fault at a time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from api.cli import main
from api.jobs.runner import LEASE, utc_now
from data.customers import KEY_FILE, KEY_VARIABLE
from data.errors import LetterRefused
from data.jobs.asking import ask_job
from data.jobs.running import claim_job
from data.store import Store, open_store
from data.store.dead_letters import set_aside
from data.workspace import Workspace
from production.configuration.products import add_products
from tests.paths import ROOT

PRODUCTS = sorted((ROOT / "data" / "sample" / "products").iterdir())


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    Workspace.create(tmp_path / "shop")
    return tmp_path / "shop"


@contextmanager
def store_of(shop: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{shop / 'atelier.db'}")
    try:
        yield store
    finally:
        store.close()


def checks_of(capsys: pytest.CaptureFixture[str], shop: Path) -> dict[str, dict[str, str]]:
    """What is found, by name."""
    with pytest.raises(SystemExit):
        main(["doctor", "-w", str(shop), "--json"])
    return {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}


def test_a_key_that_others_may_read(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    assert checks_of(capsys, shop)["customer key"]["state"] == "ok"
    (shop / KEY_FILE).chmod(0o644)
    found = checks_of(capsys, shop)["customer key"]
    assert found["state"] == "wrong"
    assert "0644" in found["found"]
    assert found["do"].startswith("chmod 600")


def test_a_key_that_is_gone_or_another(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    (shop / KEY_FILE).write_bytes(b"another")
    assert "not the key" in checks_of(capsys, shop)["customer key"]["found"]
    (shop / KEY_FILE).unlink()
    found = checks_of(capsys, shop)["customer key"]
    assert found["state"] == "wrong"
    assert "missing" in found["found"]


def test_every_damaged_plan_is_named(capsys: pytest.CaptureFixture[str], workspace: Path) -> None:
    plans = workspace / "plans"
    latest = (plans / "latest").read_text().strip()
    for name in ("old-1", "old-2", "old-3"):
        shutil.copytree(plans / latest, plans / name)
    (plans / "old-1" / "plan.json").write_text("{}")
    (plans / "old-3" / "lines.parquet").unlink()
    found = checks_of(capsys, workspace)
    assert found["plan"]["state"] == "ok"
    assert found["kept plans"]["state"] == "wrong"
    assert "'old-1' is altered or incomplete" in found["kept plans"]["found"]
    assert "1 more cannot be read: 'old-3'" in found["kept plans"]["found"]
    assert found["kept plans"]["do"]


@pytest.mark.parametrize("broken", [".uvl", ".toml"])
def test_products_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], shop: Path, broken: str
) -> None:
    assert checks_of(capsys, shop)["products"]["state"] == "absent"
    add_products(Workspace.open(shop), PRODUCTS)
    assert checks_of(capsys, shop)["products"]["state"] == "ok"
    next((shop / "products").glob(f"*{broken}")).write_text("= nonsense")
    found = checks_of(capsys, shop)
    assert found["products"]["state"] == "wrong"
    assert found["products"]["do"]
    assert "learned choices" not in found


def test_learned_choices_that_are_refused(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    assert checks_of(capsys, shop)["learned choices"]["state"] == "absent"
    folder = shop / "choices" / "choices-1"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (shop / "choices" / "latest").write_text("choices-1")
    found = checks_of(capsys, shop)["learned choices"]
    assert found["state"] == "wrong"
    assert "atelier choices" in found["do"]


def test_a_job_whose_lease_is_over(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    begun = utc_now() - timedelta(hours=1)
    with store_of(shop) as store:
        job = ask_job(store.database, "train", {}, now=begun)
        assert checks_of(capsys, shop)["jobs"]["state"] == "ok"
        claim_job(store.database, "gone", now=begun, lease=LEASE)
    found = checks_of(capsys, shop)["jobs"]
    assert found["state"] == "wrong"
    assert job.job_id in found["found"]


def test_messages_that_were_set_aside(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    assert checks_of(capsys, shop)["dead letters"]["state"] == "ok"
    with store_of(shop) as store:
        set_aside(store, "nats", b"?", LetterRefused("No event.", fix="Send one."), now=utc_now())
    found = checks_of(capsys, shop)["dead letters"]
    assert found["state"] == "wrong"
    assert found["found"].startswith("1 message of")
    assert "dead-letters list" in found["do"]
