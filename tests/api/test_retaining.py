"""Limits are applied by command and daily by the service, by whose clock is right."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from api.cli.app import app as program
from api.retaining import FILE, DailyRetention, applied_last, retain_now
from api.service.app import retain_daily
from api.service.engine import Engine, open_engine
from api.settings import load_settings
from data.ledger.schema import audit
from data.store import LiveEvent, Store, open_store
from data.tables import ORDERS
from data.workspace import Workspace

LIMITS = "[privacy]\nkeep_events_days = 30\nkeep_orders_days = 30\nkeep_served_days = 30\n"
DAY = timedelta(days=1)


@pytest.fixture
def limited(workspace: Path) -> Path:
    """The workspace, whose settings have limits."""
    (workspace / "atelier.toml").write_text(LIMITS)
    return workspace


@pytest.fixture
def engine(limited: Path) -> Iterator[Engine]:
    with open_engine(limited, load_settings(limited)) as engine:
        yield engine


def run(*words: str) -> Result:
    return CliRunner().invoke(program, words)


def put_event(store: Store, at: datetime, name: str) -> None:
    event = LiveEvent(event_id=name, customer_id="c_one", variant_id="v", kind="view", value=None,
                      at=at.replace(tzinfo=None))  # fmt: skip
    store.append([event])


def last_order(folder: Path) -> datetime:
    found: datetime = Workspace.open(folder).read(ORDERS)["ordered_at"].max().to_pydatetime()
    return found.replace(tzinfo=UTC)


def test_without_a_limit_the_command_says_what_sets_one(workspace: Path) -> None:
    done = run("customers", "retain", "--workspace", str(workspace))
    assert done.exit_code == 0
    assert "keep_orders_days" in done.output
    assert json.loads(run("customers", "retain", "--workspace", str(workspace), "--json").output)[
        "changed"
    ] == {}  # fmt: skip


def test_a_dry_run_tells_what_the_command_then_does(limited: Path) -> None:
    before = Workspace.open(limited).read(ORDERS)
    words = ("customers", "retain", "--by-clock", "--workspace", str(limited), "--json")
    told = json.loads(run(*words, "--dry-run").output)
    assert Workspace.open(limited).read(ORDERS).equals(before)
    assert not (limited / FILE).exists()
    done = json.loads(run(*words).output)
    assert done["changed"] == told["changed"]
    assert done["changed"]["orders"]["unnamed"] > 0  # the market's orders are years old
    after = Workspace.open(limited).read(ORDERS)
    assert after["customer_id"].isna().all()
    assert after["quantity"].equals(before["quantity"])
    assert done["models"] == 1
    assert json.loads(run(*words).output)["changed"] == {}
    told = run("doctor", "--workspace", str(limited)).output
    assert "saved models know customers" in " ".join(told.split())


def test_the_service_applies_the_limits_once_a_day(engine: Engine, limited: Path) -> None:
    workspace, settings = engine.workspace, engine.settings
    now = last_order(limited) + 10 * DAY
    clock = [now]
    first, second = (
        DailyRetention(workspace, settings, engine.store.database, lambda: clock[0])
        for _ in range(2)
    )
    put_event(engine.store, now - 31 * DAY, "old")
    put_event(engine.store, now - 29 * DAY, "new")
    done = first.look()
    assert done is not None
    assert done.waiting == ()
    assert done.changed["live_events"].removed == 1
    assert done.changed["orders"].unnamed > 0
    assert [one.event_id for one in engine.store.of_customer("c_one")] == ["new"]
    kept = workspace.read(ORDERS)
    assert kept.loc[kept["ordered_at"] >= (now - 30 * DAY).replace(tzinfo=None),
                    "customer_id"].notna().any()  # fmt: skip
    clock[0] = now + 23 * timedelta(hours=1)
    assert first.look() is None
    assert second.look() is None  # another worker sees that it was done
    clock[0] = now + 2 * DAY
    assert second.look() is not None
    assert engine.store.of_customer("c_one") == []
    assert first.look() is None


def test_a_clock_that_is_far_ahead_takes_no_more_than_the_newest_row_allows(
    engine: Engine, limited: Path
) -> None:
    """Half of the limit, counted from the newest row; the rest once a person says it is right."""
    last = last_order(limited)
    clock = [last + 3650 * DAY]
    put_event(engine.store, last - 14 * DAY, "newer half")
    put_event(engine.store, last - 16 * DAY, "older half")
    daily = DailyRetention(
        engine.workspace, engine.settings, engine.store.database, lambda: clock[0]
    )
    done = daily.look()
    assert done is not None
    assert set(done.waiting) == {"events", "orders", "served"}
    assert [one.event_id for one in engine.store.of_customer("c_one")] == ["newer half"]
    orders = engine.workspace.read(ORDERS)
    named = orders["customer_id"].notna()
    newer = orders["ordered_at"] >= (last - 15 * DAY).replace(tzinfo=None)
    assert not (named & ~newer).any()
    assert (named & newer).any()
    told = retain_now(engine.workspace, engine.settings, engine.store.database, now=clock[0],
                      actor="test", by_clock=True)  # fmt: skip
    assert told.waiting == ()
    assert engine.store.of_customer("c_one") == []
    clock[0] += DAY  # what a person said holds on
    done = daily.look()
    assert done is not None
    assert done.waiting == ()


def test_a_clock_set_right_applies_the_limits_at_once(engine: Engine, limited: Path) -> None:
    last = last_order(limited)
    clock = [last + 3650 * DAY]
    daily = DailyRetention(
        engine.workspace, engine.settings, engine.store.database, lambda: clock[0]
    )
    assert daily.look() is not None
    clock[0] = last + 10 * DAY
    put_event(engine.store, last - 21 * DAY, "old")
    done = daily.look()
    assert done is not None
    assert done.waiting == ()
    assert done.changed["live_events"].removed == 1


def test_another_limit_is_applied_the_same_day(engine: Engine, limited: Path) -> None:
    now = last_order(limited)
    database = engine.store.database
    assert DailyRetention(engine.workspace, engine.settings, database, lambda: now).look()
    put_event(engine.store, now - 20 * DAY, "old")
    assert DailyRetention(engine.workspace, engine.settings, database, lambda: now).look() is None
    (limited / "atelier.toml").write_text(LIMITS.replace("events_days = 30", "events_days = 10"))
    done = DailyRetention(engine.workspace, load_settings(limited), database, lambda: now).look()
    assert done is not None
    assert done.changed["live_events"].removed == 1


def test_the_audit_counts_rows_of_tables_too(engine: Engine, limited: Path) -> None:
    now = last_order(limited)
    done = retain_now(
        engine.workspace, engine.settings, engine.store.database, now=now, actor="test"
    )
    with engine.store.database.transaction(reads=True) as connection:
        steps = connection.execute(select(audit.c.subject, audit.c.after)).all()
    noted = {subject: json.loads(after)["unnamed"] for subject, after in steps}
    assert noted["table orders"] == done.changed["orders"].unnamed > 0


def test_an_import_under_way_is_waited_for(engine: Engine) -> None:
    with engine.workspace.locked():
        retain_daily(engine)
    assert applied_last(engine.workspace) is None
    retain_daily(engine)
    assert applied_last(engine.workspace) is not None


def test_the_doctor_finds_limits_that_nobody_applies(limited: Path) -> None:
    def found() -> str:
        return " ".join(run("doctor", "--workspace", str(limited), "--json").output.split())

    assert "were not applied for two days" in found()
    with open_engine(limited, load_settings(limited)) as engine:
        retain_daily(engine)  # by today's clock every order of the market is past its limit
    assert "--by-clock" in found()
    told = run("customers", "retain", "--workspace", str(limited)).output
    assert "If the clock is right: --by-clock" in " ".join(told.split())
    assert run("customers", "retain", "--by-clock", "--workspace", str(limited)).exit_code == 0
    assert "saved models know customers" in found()


@pytest.mark.parametrize("point", ["tables-swapped", "tables-retained", "batch-taken"])
def test_what_a_crash_cut_off_is_finished_by_the_next(limited: Path, point: str) -> None:
    store = open_store(load_settings(limited).store_url(limited))
    put_event(store, datetime(2024, 1, 1, tzinfo=UTC), "old")
    words = [sys.executable, "-c", "from api.cli import main; main()", "customers", "retain",
             "--workspace", str(limited)]  # fmt: skip
    killed = subprocess.run(words, env={**os.environ, "ATELIER_FAILPOINT": point}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert run(*words[3:], "--by-clock").exit_code == 0
    assert store.of_customer("c_one") == []
    assert Workspace.open(limited).read(ORDERS)["customer_id"].isna().all()
    store.close()
