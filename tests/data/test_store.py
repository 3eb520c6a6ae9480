"""What every store must honour, on SQLite always and on PostgreSQL where one is named."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.errors import EventRefused, StoreConflict, StoreError
from data.store import LIVE_KINDS, MOST_EVENTS, LiveEvent, Store, open_store
from tests.paths import ROOT

AT = datetime(2025, 12, 29, 10, 30, 0, 123456)  # noqa: DTZ001  # live events are in local time
ALWAYS = AT - timedelta(days=10_000)


def view(event_id: str, customer_id: str = "10001", **changes: Any) -> LiveEvent:
    event = LiveEvent(
        event_id=event_id, customer_id=customer_id, variant_id="V1", kind="view", value=2.5, at=AT
    )
    return replace(event, **changes)


def run(program: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


WRITER = """
import sys
from datetime import datetime
from data.store import LiveEvent, open_store
url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_store(url, patience=60.0)
for number in range(count):
    events = [LiveEvent(event_id=f"{name}-{number}-{part}", customer_id="10001", variant_id="V1",
                        kind="cart", at=datetime(2025, 1, 1)) for part in range(3)]
    store.append(events)
    print(number, flush=True)
"""


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


class TestEveryStore:
    def test_it_gives_back_what_it_took(self, store: Store, url: str) -> None:
        events = [view(f"e{n}", kind=kind, value=3.0) for n, kind in enumerate(LIVE_KINDS)]
        events.append(view("no value", value=None))
        assert store.append(events) == len(events)
        store.ping()
        store.check_writable()
        again = open_store(url)
        assert again.of_customer("10001") == events
        again.close()

    def test_the_same_batch_twice_is_stored_once(self, store: Store) -> None:
        batch = [view("a"), view("b")]
        assert store.append(batch) == 2
        assert store.append(batch) == 0
        assert store.append([*batch, view("c"), view("c")]) == 1
        assert [event.event_id for event in store.since(AT)] == ["a", "b", "c"]

    @pytest.mark.parametrize(
        "change",
        [
            {"customer_id": "10002"},
            {"variant_id": "V2"},
            {"kind": "cart"},
            {"value": 2.6},
            {"value": None},
            {"at": AT + timedelta(microseconds=1)},
        ],
    )
    def test_the_same_id_with_another_content_stores_nothing(
        self, store: Store, change: dict[str, Any]
    ) -> None:
        store.append([view("a")])
        with pytest.raises(StoreConflict, match="'a' is known with another content"):
            store.append([view("new"), view("a", **change)])
        assert store.since(ALWAYS) == [view("a")]

    def test_a_batch_that_contradicts_itself_stores_nothing(self, store: Store) -> None:
        with pytest.raises(StoreConflict):
            store.append([view("a"), view("b"), view("a", kind="cart")])
        assert store.since(ALWAYS) == []

    def test_an_empty_batch_is_no_work(self, store: Store) -> None:
        assert store.append([]) == 0

    def test_the_largest_batch_is_stored_and_a_larger_one_refused(self, store: Store) -> None:
        batch = [view(f"{n:06d}") for n in range(MOST_EVENTS)]
        assert store.append(batch) == MOST_EVENTS
        assert store.append(batch) == 0
        with pytest.raises(EventRefused, match="too many"):
            store.append([*batch, view("one more")])

    def test_a_customer_is_told_from_another_and_time_is_the_order(self, store: Store) -> None:
        later, earlier = view("a", at=AT + timedelta(hours=1)), view("b")
        other = view("c", customer_id="10002")
        store.append([later, earlier, other])
        assert store.of_customer("10001") == [earlier, later]
        assert store.of_customer("10002") == [other]
        assert store.of_customer("nobody") == []
        assert store.since(AT + timedelta(minutes=1)) == [later]

    @pytest.mark.parametrize(
        "hostile", ["'; DROP TABLE live_events; --", '"', "%", "\\", "Ünïcode 東京", " x "]
    )
    def test_a_hostile_text_is_only_a_text(self, store: Store, hostile: str) -> None:
        event = view(hostile, customer_id=hostile, variant_id=hostile)
        assert store.append([event]) == 1
        assert store.of_customer(hostile) == [event]
        with pytest.raises(StoreConflict):
            store.append([replace(event, kind="cart")])

    def test_threads_that_send_the_same_events_at_once_store_each_once(self, store: Store) -> None:
        batches = [[view(f"{n}-{part}") for part in range(5)] for n in range(6)] * 4
        with ThreadPoolExecutor(8) as pool:
            stored = list(pool.map(store.append, batches))
        assert sum(stored) == 30
        assert len(store.since(ALWAYS)) == 30

    def test_of_threads_that_contradict_each_other_one_wins(self, store: Store) -> None:
        def attempt(value: float) -> int:
            try:
                return store.append([view("a", value=value), view(f"with {value}")])
            except StoreConflict:
                return 0

        with ThreadPoolExecutor(8) as pool:
            stored = list(pool.map(attempt, map(float, range(8))))
        assert sorted(stored) == [0] * 7 + [2]
        winner = float(stored.index(2))
        assert {event.event_id for event in store.since(ALWAYS)} == {"a", f"with {winner}"}
        assert view("a", value=winner) in store.since(ALWAYS)

    def test_processes_that_open_and_write_at_once_all_succeed(self, url: str) -> None:
        writers = [run(WRITER, url, f"w{n}", "10") for n in range(4)]
        for writer in writers:
            _, said = writer.communicate(timeout=60)
            assert writer.returncode == 0, said
        store = open_store(url)
        assert len(store.since(ALWAYS)) == 4 * 10 * 3
        store.close()

    def test_what_was_acknowledged_survives_a_kill_and_no_batch_is_torn(self, url: str) -> None:
        writer = run(WRITER, url, "w", "100000")
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().split()]
        writer.communicate()
        store = open_store(url)
        ids = {event.event_id for event in store.since(ALWAYS)}
        store.close()
        wanted = {f"w-{number}-{part}" for number in acknowledged for part in range(3)}
        assert wanted <= ids
        assert len(ids) % 3 == 0


class TestSqlite:
    def test_a_commit_is_synced_and_references_are_kept(self, tmp_path: Path) -> None:
        store = open_store(f"sqlite:///{tmp_path / 'atelier.db'}")
        with store.engine.connect() as connection:
            held = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        store.close()
        assert held == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 5000,
        }

    def test_a_store_that_another_holds_is_busy_to_write_but_can_be_read(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "atelier.db"
        store = open_store(f"sqlite:///{path}", patience=0.1)
        store.append([view("a")])
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="busy"):
            store.append([view("b")])
        assert store.since(ALWAYS) == [view("a")]
        holder.execute("ROLLBACK")
        holder.close()
        assert store.append([view("b")]) == 1
        store.close()

    def test_a_read_only_file_is_refused_to_writers(self, tmp_path: Path) -> None:
        path = tmp_path / "atelier.db"
        open_store(f"sqlite:///{path}").close()
        store = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
        with pytest.raises(StoreError, match="cannot be written"):
            store.append([view("a")])
        assert store.since(ALWAYS) == []
        store.close()

    def test_a_full_disk_stores_nothing_of_a_batch(self, tmp_path: Path) -> None:
        path = tmp_path / "atelier.db"
        store = open_store(f"sqlite:///{path}")
        store.append([view("a")])
        program = """
import resource, signal, sys
from datetime import datetime
from data.errors import StoreError
from data.store import LiveEvent, open_store
store = open_store(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
events = [LiveEvent(event_id=f"{n}", customer_id="1", variant_id="V1", kind="view",
                    at=datetime(2025, 1, 1)) for n in range(9000)]
try:
    store.append(events)
except StoreError as error:
    print(error.what)
"""
        said, trouble = run(program, f"sqlite:///{path}").communicate(timeout=60)
        assert "disk" in said, trouble
        assert store.since(ALWAYS) == [view("a")]
        store.close()

    def test_a_file_that_is_no_store_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "atelier.db"
        path.write_text("customer,variant\n" * 100)
        before = path.read_bytes()
        with pytest.raises(StoreError, match="no store"):
            open_store(f"sqlite:///{path}")
        assert path.read_bytes() == before

    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be opened") as refused:
            open_store(f"sqlite:///{tmp_path / 'nowhere' / 'atelier.db'}")
        assert "nowhere" in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["", "atelier.db", "sqlite://", "sqlite:///:memory:", "mysql://u@h/d", "postgresql://h:x/"],
)
def test_an_address_that_is_no_durable_store_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        open_store(url)


def test_a_server_that_is_away_is_told_without_its_password() -> None:
    with pytest.raises(StoreError, match="does not answer") as refused:
        open_store("postgresql://u:secret@127.0.0.1:1/none")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 201}, "event_id"),
        ({"customer_id": "   "}, "customer_id"),
        ({"variant_id": "a\0b"}, "variant_id"),
        ({"variant_id": "\ud800"}, "variant_id"),
        ({"kind": "stare"}, "kind"),
        ({"value": float("nan")}, "value"),
        ({"value": float("inf")}, "value"),
        ({"value": 1e7}, "value"),
        ({"kind": "order", "value": None}, "value"),
        ({"kind": "order", "value": 0.5}, "value"),
        ({"kind": "order", "value": 0.0}, "value"),
        ({"at": AT.replace(tzinfo=UTC)}, "at"),
    ],
)
def test_an_event_that_says_nothing_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(EventRefused) as refused:
        replace(view("a"), **change)
    assert refused.value.where == field
    assert refused.value.fix
