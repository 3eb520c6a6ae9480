"""The days of quotes and orders, by the shop's clock: over, kept and missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api.service.app import create_app
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from production.configuration.products import FOLDER
from tests.api.client import Client
from tests.api.test_orders import TODAY, day, done, quoted, refused, send

PLANK = {"style_id": "plank", "choices": [], "quantity": 1}
TAKES = {"nothing": "", "hours": "usage = { saw = 0.5 }\n", "wood": "materials = { wood = 1 }\n"}


def add_plank(workspace: Path, takes: str = "") -> None:
    """A product that is made within the day."""
    folder = workspace / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / "plank.uvl").write_text("features\n\tplank\n")
    (folder / "plank.toml").write_text(
        'format = 1\ncurrency = "EUR"\n[base]\nprice = 3.00\nlead_time_days = 0\n' + takes
    )


@pytest.mark.parametrize("takes", TAKES)
def test_a_quote_whose_day_is_over_is_refused_with_that_reason(
    client: Client, engine: Engine, workspace: Path, takes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_plank(workspace, TAKES[takes])
    days = engine.settings.promise.model_copy(update={"quote_minutes": 3 * 24 * 60})
    long = engine.settings.model_copy(update={"promise": days})
    monkeypatch.setattr(engine.ordering, "settings", long)
    amounts = [(name, day(number), 9000) for name in ("saw", "material:wood") for number in (0, 1)]
    engine.ordering.ledger.set_capacity(amounts, actor="test")
    offer = quoted(client, PLANK)
    assert offer["promised_on"] == TODAY.isoformat()
    body = {"quote_id": offer["quote_id"]}
    in_time = done(send(client, "/v1/orders", body, key="in time"), 201)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    monkeypatch.setattr(engine.ordering, "clock", lambda: tomorrow)
    for _ in range(2):  # the refusal is kept under its key
        response = send(client, "/v1/orders", body, key="late")
        refused(response, 409, "data.out-of-capacity", "promised day is over", "new quote")
    again = done(send(client, "/v1/orders", body, key="in time"), 201)
    assert again == in_time | {"replayed": True}
    assert quoted(client, PLANK)["promised_on"] == day(1).isoformat()
    assert engine.ordering.ledger.miscounted() == []


@pytest.mark.parametrize(
    ("timezone", "moment"),
    [("Asia/Shanghai", "2026-03-02T20:00Z"), ("America/Los_Angeles", "2026-03-02T04:00Z")],
)
def test_what_is_shipped_on_its_day_is_in_time_by_the_shops_clock(
    workspace: Path, timezone: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_plank(workspace)
    now = datetime.fromisoformat(moment)
    with open_engine(workspace, load_settings(workspace, timezone=timezone)) as engine:
        monkeypatch.setattr(engine.ordering, "clock", lambda: now)
        object.__setattr__(engine.ordering.ledger, "clock", lambda: now)
        client = Client(create_app(engine))
        held = done(send(client, "/v1/orders", {"lines": [PLANK]}), 201)
        url = f"/v1/orders/{held['order_id']}"
        for version, step in enumerate(("confirm", "start", "ship"), start=1):
            done(send(client, f"{url}/{step}", {"version": version}))
        order = done(client.get(url))
        local = now.astimezone(ZoneInfo(timezone)).date()
        assert order["promised_on"] == order["shipped_on"] == local.isoformat()
        assert local != now.date()
        assert quoted(client, PLANK)["reliability"]["days_late"] == 0
