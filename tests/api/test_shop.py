"""The example shop does what it says, against a service in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.client import Client
from api.service.app import create_app
from api.service.engine import open_engine
from api.settings import load_settings
from data.ledger import open_ledger
from data.tables import ORDERS
from data.workspace import Workspace
from production.configuration.products import add_products
from tests.api.browsing import serving
from tests.paths import ROOT


def test_a_visit_ends_in_a_confirmed_order(workspace: Path) -> None:
    opened = Workspace.open(workspace)
    add_products(opened, sorted((ROOT / "data" / "sample" / "products").iterdir()))
    ledger = open_ledger(load_settings(workspace).store_url(workspace), patience=5.0)
    today = datetime.now(UTC).date()
    amounts = [
        (name, today + timedelta(days=number), 50_000)
        for name in ("cutting", "sewing", "fabric")
        for number in range(60)
    ]
    ledger.set_capacity(amounts, actor="test")
    ledger.close()
    customer = str(opened.read(ORDERS)["customer_id"].dropna().iloc[0])
    settings = load_settings(workspace)
    with open_engine(workspace, settings) as engine, serving(create_app(engine)) as url:
        done = subprocess.run(
            [sys.executable, ROOT / "examples" / "shop.py", "--url", url, "--customer", customer],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, done.stderr
        order_id = done.stdout.split("order ")[1].split()[0]
        with Client(url) as shop:
            found = shop.order(order_id)
            assert found.state == "confirmed"
            assert found.promised_on is not None
            assert found.lines[0].choices
            assert any(one.committed > 0 for one in shop.capacity(days=60).capacity)
    assert done.stdout.splitlines()[0].startswith("1. ")


def test_where_no_service_answers_that_is_said() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "shop.py", "--url", "http://127.0.0.1:9"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert "atelier serve" in done.stderr
    assert "Traceback" not in done.stderr
