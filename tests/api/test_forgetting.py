"""Answers of Idempotency-Keys are forgotten daily, once nobody sends them again."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from api.forgetting import ANSWERS_KEPT, DailyForgetting
from api.service.app import create_app, forget_daily
from api.service.engine import Engine
from data.errors import StoreError
from data.ledger import Ledger, Line, NewOrder, Receipt, RequestKey
from data.ledger.schema import keys
from data.ledger.terms import LONGEST_HOLD

DAY = timedelta(days=1)
FIRST = "the-shop's-own-key"


@pytest.fixture
def clock(engine: Engine) -> list[datetime]:
    """What the engine's ledger takes for now."""
    moments = [datetime(2026, 3, 1, tzinfo=UTC)]
    ledger = replace(engine.ordering.ledger, clock=lambda: moments[0])
    engine.forgetting = DailyForgetting(ledger)
    return moments


def hold(engine: Engine, at: datetime, key: str = FIRST) -> Receipt:
    line = Line(style_id="A", quantity=1, price="1.00")
    new = NewOrder(lines=(line,), hold_for=LONGEST_HOLD, currency="EUR", customer_id="c_one")
    ledger = Ledger(database=engine.store.database, clock=lambda: at)
    return ledger.hold(new, request=RequestKey(scope="shop", key=key, digest="body"))


def kept(engine: Engine) -> int:
    with engine.store.database.transaction(reads=True) as connection:
        return int(connection.scalar(select(func.count()).select_from(keys)) or 0)


def test_answers_are_forgotten_after_90_days_and_the_log_says_how_many(
    engine: Engine, clock: list[datetime], caplog: pytest.LogCaptureFixture
) -> None:
    begun = clock[0]
    first = hold(engine, begun)
    hold(engine, begun + DAY, "another")
    with caplog.at_level(logging.INFO, logger="atelier"):
        clock[0] = begun + ANSWERS_KEPT
        forget_daily(engine)
        assert hold(engine, begun + LONGEST_HOLD) == first
        assert kept(engine) == 2
        assert caplog.records == []
        clock[0] += timedelta(hours=23)
        forget_daily(engine)
        assert kept(engine) == 2  # a day has not gone by
        clock[0] += timedelta(hours=1)
        forget_daily(engine)
    assert kept(engine) == 1
    [record] = caplog.records
    assert (record.msg, record.fields) == ("answers forgotten", {"count": 1})  # type: ignore[attr-defined]  # ours
    assert hold(engine, clock[0]).order_id != first.order_id


def test_the_key_of_an_order_that_may_still_be_held_is_kept() -> None:
    assert ANSWERS_KEPT > 2 * LONGEST_HOLD


def test_a_store_that_is_away_is_asked_again(
    engine: Engine, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(engine, clock[0] - ANSWERS_KEPT - DAY)

    def away(*_: object, **__: object) -> int:
        raise StoreError("The store does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "forget_keys", away)
        forget_daily(engine)
    assert kept(engine) == 1
    forget_daily(engine)
    assert kept(engine) == 0


def test_the_service_forgets_by_itself(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no limit is set of how long rows keep their customer."""
    assert not engine.settings.privacy.limits
    monkeypatch.setattr("api.service.app.SECONDS_BETWEEN_LOOKS", 0.01)
    hold(engine, datetime.now(UTC) - ANSWERS_KEPT - DAY)
    hold(engine, datetime.now(UTC) - DAY, "another")

    async def serve() -> None:
        app = create_app(engine)
        async with app.router.lifespan_context(app):
            for _ in range(500):
                if kept(engine) < 2:
                    return
                await asyncio.sleep(0.02)

    asyncio.run(serve())
    assert kept(engine) == 1
