"""What people write cannot be read in the store's files, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from data import resealing
from data.errors import FieldKeyRefused, LetterRefused, SealBroken, StoreError
from data.holdings import held_in_store
from data.jobs.asking import ask_job, jobs_of
from data.jobs.running import claim_job, end_job
from data.ledger import Ledger, Line, NewOrder, open_ledger
from data.ledger.quotes import KeptQuote, keep, read
from data.ledger.schema import metadata as ledger_tables
from data.ledger.schema import orders
from data.resealing import SEALED_TABLES, Texts, reseal, sealed_columns, texts_of
from data.sealing import Seals, key_id
from data.store import Store, open_store
from data.store.database import Database, open_database
from data.store.dead_letters import letters_of, set_aside
from data.store.field_keys import check_field_key
from data.store.schema import metadata as store_tables
from data.store.sealed import SEALED_KINDS
from tests.data.ledger.shop import DAY, HOLD, START, Clock, key, line, need

CANARY = "canary-7d20 wanted it for Zoë"
PARTS = ("canary-7d20", "Zo\\\\u00eb", "Zo\\u00eb", "Zoë")
"""As it may stand in a file: as written, or as JSON writes it."""

OLD, NEW = (urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))
NOW = datetime(2026, 3, 1, 9)  # noqa: DTZ001  # as the store keeps it
CUSTOMER = "c_area7nrrjmti3aawxlms752ox4"
TEXTS = 6
"""That `plant` writes."""


def plant(url: str, *keys: str, name: str = "first") -> str:
    """The canary in everything that people write; the order's id."""
    ledger = open_ledger(url, clock=Clock(), seals=Seals.of(keys))
    store = Store(ledger.database)
    ledger.set_capacity([("saw", DAY, 1000)], actor="planner")
    typed = Line(
        style_id="S", configuration=("ring", f"engraving={CANARY}"), quantity=1, price="1",
        needs=(need(1),),
    )  # fmt: skip
    order = NewOrder(lines=(typed,), hold_for=HOLD, currency="EUR", customer_id=CUSTOMER)
    held = ledger.hold(order, request=key(f"{name} hold"))
    ledger.cancel(held.order_id, version=1, reason=CANARY, request=key(f"{name} cancel"))
    ends = START + timedelta(days=1)
    quote = KeptQuote(quote_id=name, expires_at=ends, body=json.dumps({"choices": [CANARY]}))
    keep(ledger.database, quote, START)
    refusal = LetterRefused(f"'{CANARY}' is no event.")
    set_aside(store, f"nats {name}", CANARY.encode(), refusal, now=NOW)
    ask_job(ledger.database, "import", {}, now=NOW)
    job = claim_job(ledger.database, "me", now=NOW, lease=HOLD)
    assert job is not None
    outcome = {"what": CANARY}
    assert end_job(ledger.database, job.job_id, "me", "failed", now=NOW, outcome=outcome)
    ledger.close()
    return held.order_id


def read_all(url: str, *keys: str) -> list[str]:
    """Every text that `plant` wrote, as the program reads it."""
    ledger = open_ledger(url, clock=Clock(), seals=Seals.of(keys))
    store = Store(ledger.database)
    _, found = ledger.list_orders(limit=1000)
    letters = letters_of(store)
    outcomes = [job.outcome for job in jobs_of(ledger.database, limit=1000) if job.outcome]
    texts = [
        *(order.reason for order in found if order.reason),
        *(order.lines[0].configuration[1].partition("=")[2] for order in found),
        json.loads(read(ledger.database, "first", START).body)["choices"][0],
        *(letter.body.decode() for letter in letters),
        *(letter.reason[1 : len(CANARY) + 1] for letter in letters),
        *(outcome["what"] for outcome in outcomes),
    ]
    assert ledger.verify_audit().faults == ()
    ledger.close()
    return texts


def bytes_of(url: str) -> bytes:
    """The store as it lies: SQLite's files, or every row of PostgreSQL's tables as text."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        return b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    database = open_database(url, 5.0, Seals.of([]))
    with database.transaction(reads=True) as connection:
        names = inspect(connection).get_table_names()
        rows = [connection.execute(text(f'SELECT * FROM "{one}"')).all() for one in names]  # noqa: S608
    database.close()
    return str(rows).encode()


def holds_canary(url: str) -> bool:
    held = bytes_of(url)
    return any(one.encode() in held for one in PARTS)


@pytest.fixture
def raw(url: str) -> Iterator[Callable[..., Any]]:
    """Runs SQL that knows nothing of seals."""
    database = open_database(url, 5.0, Seals.of([]))

    def run(sql: str, **values: Any) -> list[Any]:
        with database.transaction() as connection:
            done = connection.execute(text(sql), values)
            return list(done.all()) if done.returns_rows else []

    yield run
    database.close()


def test_every_sealed_column_is_known_to_what_seals_anew() -> None:
    every = [*store_tables.sorted_tables, *ledger_tables.sorted_tables]
    sealed = {
        (table.name, column.name)
        for table in every
        for column in table.columns
        if isinstance(column.type, SEALED_KINDS)
    }
    assert sealed == {(table.name, column.name) for table, column in sealed_columns()}
    assert sealed == {
        ("ledger_orders", "reason"), ("ledger_lines", "configuration"), ("ledger_quotes", "body"),
        ("dead_letters", "reason"), ("dead_letters", "body"), ("jobs", "outcome"),
    }  # fmt: skip
    assert len(SEALED_TABLES) == 5


def test_without_a_key_text_is_stored_as_it_is_written(url: str) -> None:
    plant(url)
    assert holds_canary(url)  # so that not finding it means something
    assert read_all(url) == [CANARY] * TEXTS
    assert b"sealed:" not in bytes_of(url)


def test_with_a_key_no_file_holds_what_people_write(url: str) -> None:
    plant(url, NEW)
    assert not holds_canary(url)
    assert read_all(url, NEW) == [CANARY] * TEXTS
    assert NEW.encode() not in bytes_of(url)


def test_steps_are_answered_again_as_before(url: str) -> None:
    order_id = plant(url, NEW)
    ledger = open_ledger(url, clock=Clock(), seals=Seals.of([NEW]))
    again = ledger.cancel(order_id, version=1, reason=CANARY, request=key("first cancel"))
    assert (again.replayed, again.state) == (True, "cancelled")
    ledger.close()


def test_a_customer_is_told_what_was_written(url: str) -> None:
    plant(url, NEW)
    database = open_database(url, 5.0, Seals.of([NEW]))
    assert [row["reason"] for row in held_in_store(database, CUSTOMER)["ledger_orders"]] == [CANARY]
    database.close()


def test_sealing_begins_with_a_key_and_leaves_what_was_there(url: str) -> None:
    plant(url)
    plant(url, NEW, name="second")
    assert read_all(url, NEW) == [CANARY] * (2 * TEXTS - 1)  # of the quotes one is read
    database = open_database(url, 5.0, Seals.of([NEW]))
    assert texts_of(database) == Texts(newest=TEXTS, plain=TEXTS)
    database.close()


def test_all_is_sealed_anew_and_then_none(url: str) -> None:
    beside = open_store(url, seals=Seals.of([]))  # so that SQLite's write-ahead log stays
    plant(url)
    for keys, counted in (
        ([OLD], Texts(newest=TEXTS)),
        ([NEW, OLD], Texts(newest=TEXTS)),
        (["plain", NEW], Texts(plain=TEXTS)),
    ):
        database = open_database(url, 5.0, Seals.of(keys))
        assert texts_of(database).left(database.seals) == TEXTS
        assert reseal(database) == TEXTS
        assert texts_of(database) == counted
        assert reseal(database) == 0
        database.close()
        assert holds_canary(url) == (keys[0] == "plain")  # nor in pages that were given up
        assert read_all(url, *keys[:1]) == [CANARY] * TEXTS  # the older key can go
    assert read_all(url) == [CANARY] * TEXTS
    beside.close()


def test_another_key_or_none_is_refused_at_the_start(url: str) -> None:
    plant(url, OLD)
    for opening in (open_store, open_ledger):
        for keys, said in (([], "is not given"), ([NEW], "are others"), (["plain"], "not given")):
            with pytest.raises(FieldKeyRefused, match=f"{said}.*ATELIER_FIELD_KEY") as refused:
                opening(url, seals=Seals.of(keys))
            assert key_id(OLD) in refused.value.where
            assert OLD not in str(refused.value)
    plant(url, NEW, OLD, name="second")
    with pytest.raises(FieldKeyRefused):  # before all is sealed anew the older key is needed
        open_store(url, seals=Seals.of([NEW]))
    assert len(read_all(url, NEW, OLD)) == 2 * TEXTS - 1


def test_who_runs_without_the_key_is_told_as_it_reads(url: str) -> None:
    running = open_ledger(url, clock=Clock(), seals=Seals.of([]))
    check_field_key(running.database)
    order_id = plant(url, NEW)
    with pytest.raises(FieldKeyRefused):
        check_field_key(running.database)
    with pytest.raises(FieldKeyRefused, match="ATELIER_FIELD_KEY") as refused:
        running.order(order_id)
    assert "canary" not in str(refused.value)
    running.close()


def test_two_that_begin_at_once_with_two_keys_do_not_both(url: str) -> None:
    open_store(url, seals=Seals.of([])).close()
    refused: list[str] = []

    def begin(one: str) -> None:
        try:
            open_store(url, seals=Seals.of([one])).close()
        except FieldKeyRefused as error:
            refused.append(error.code)

    threads = [threading.Thread(target=begin, args=(one,)) for one in (OLD, NEW)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["data.field-key"]


def test_an_altered_text_is_refused_and_named(url: str, raw: Callable[..., Any]) -> None:
    order_id = plant(url, NEW)
    raw("UPDATE ledger_orders SET reason = replace(reason, 'gAAAA', 'gBAAA')")
    ledger = open_ledger(url, clock=Clock(), seals=Seals.of([NEW]))
    with pytest.raises(SealBroken, match="altered"):
        ledger.order(order_id)
    ledger.close()
    database = open_database(url, 5.0, Seals.of([OLD, NEW]))
    with pytest.raises(SealBroken) as refused:
        reseal(database)
    assert refused.value.where == f"ledger_orders.reason of {order_id}"
    database.close()


def test_a_reason_that_looks_sealed_is_a_text(url: str, raw: Callable[..., Any]) -> None:
    """Somebody copies a sealed text, of another order say, and sends it as a reason."""
    plant(url, NEW)
    [[copied]] = raw("SELECT reason FROM ledger_orders")
    for number, keys in enumerate(([NEW], ["plain", NEW])):
        ledger = open_ledger(url, clock=Clock(), seals=Seals.of(keys))
        order = NewOrder(lines=(line(need(1)),), hold_for=HOLD, currency="EUR")
        held = ledger.hold(order, request=key(f"hold {number}"))
        request = key(f"cancel {number}")
        ledger.cancel(held.order_id, version=1, reason=copied, request=request)
        assert ledger.order(held.order_id).reason == copied
        ledger.close()


def test_a_text_of_before_that_looks_sealed_stays_as_it_was(
    url: str, raw: Callable[..., Any]
) -> None:
    order_id = plant(url)
    raw("UPDATE ledger_orders SET reason = 'sealed:1:mine'")
    raw("UPDATE dead_letters SET body = :body", body=b"sealed:0:\xff")
    raw("DROP TABLE field_keys")
    raw("UPDATE alembic_version SET version_num = 'r0008'")
    ledger = open_ledger(url, clock=Clock(), seals=Seals.of([NEW]))
    assert ledger.order(order_id).reason == "sealed:1:mine"
    assert letters_of(Store(ledger.database))[0].body == b"sealed:0:\xff"
    assert reseal(ledger.database) == TEXTS
    assert ledger.order(order_id).reason == "sealed:1:mine"
    assert letters_of(Store(ledger.database))[0].body == b"sealed:0:\xff"
    ledger.close()


def test_many_rows_are_sealed_some_at_a_time(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = open_ledger(url, clock=Clock(), seals=Seals.of([]))
    ledger.set_capacity([("saw", DAY, 1000)], actor="planner")
    two = (line(need(1)), line(need(1)))
    for number in range(7):
        order = NewOrder(lines=two, hold_for=HOLD, currency="EUR")
        held = ledger.hold(order, request=key(f"hold {number}"))
        ledger.cancel(held.order_id, version=1, reason=CANARY, request=key(f"cancel {number}"))
    ledger.close()
    monkeypatch.setattr(resealing, "ROWS_A_TIME", 3)
    database = open_database(url, 5.0, Seals.of([NEW]))
    some = 3
    # cut off after a few rows, as by Ctrl-C
    seal = resealing._reseal_some
    done: list[int] = []

    def cut(*asked: Any) -> Any:
        if len(done) == some:
            raise KeyboardInterrupt
        done.append(1)
        return seal(*asked)

    with monkeypatch.context() as patch:
        patch.setattr(resealing, "_reseal_some", cut)
        with pytest.raises(KeyboardInterrupt):
            reseal(database)
    found = texts_of(database)
    assert 0 < found.newest < found.newest + found.plain == 21
    assert reseal(database) == found.plain
    assert texts_of(database) == Texts(newest=21)
    database.close()


def test_all_is_sealed_anew_beside_who_writes(url: str) -> None:
    for number in range(3):
        plant(url, OLD, name="first" if not number else f"n{number}")
    running = open_ledger(url, patience=30.0, clock=Clock(), seals=Seals.of([NEW, OLD]))
    stop = threading.Event()
    written: list[tuple[str, str]] = []

    def write() -> None:
        while not stop.is_set():
            name = f"beside {len(written)}"
            order = NewOrder(lines=(line(need(1)),), hold_for=HOLD, currency="EUR")
            held = running.hold(order, request=key(f"{name} hold"))
            running.cancel(held.order_id, version=1, reason=name, request=key(f"{name} cancel"))
            written.append((held.order_id, name))

    writing = threading.Thread(target=write)
    writing.start()
    database = open_database(url, 30.0, Seals.of([NEW, OLD]))
    while not written:
        stop.wait(0.01)
    changed = reseal(database)
    stop.set()
    writing.join()
    assert changed == 3 * TEXTS
    assert texts_of(database).left(database.seals) == 0
    assert {order_id: running.order(order_id).reason for order_id, _ in written} == dict(written)
    running.close()
    database.close()
    open_store(url, seals=Seals.of([NEW])).close()


def test_a_row_that_changes_meanwhile_keeps_the_change(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite lets nobody write between; PostgreSQL does."""
    order_id = plant(postgres_url)
    ledger = open_ledger(postgres_url, clock=Clock(), seals=Seals.of([NEW]))
    opened = resealing._opened
    done: list[int] = []

    def meanwhile(seals: Seals, stored: Any) -> Any:
        if not done:
            done.append(1)
            with ledger.database.transaction() as connection:
                connection.execute(orders.update().values(reason="changed meanwhile"))
        return opened(seals, stored)

    monkeypatch.setattr(resealing, "_opened", meanwhile)
    database = open_database(postgres_url, 5.0, Seals.of([NEW]))
    assert reseal(database) == TEXTS - 1
    assert ledger.order(order_id).reason == "changed meanwhile"
    database.close()
    ledger.close()


def test_files_that_could_not_be_rewritten_are_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(url)

    def busy(_: Database) -> None:
        raise StoreError("busy", where="here")

    database = open_database(url, 5.0, Seals.of([NEW]))
    monkeypatch.setattr(resealing, "scrub", busy)
    with pytest.raises(StoreError, match="files may still hold what they replaced"):
        reseal(database)
    assert texts_of(database) == Texts(newest=TEXTS)
    database.close()


def test_a_sealed_column_cannot_be_compared() -> None:
    """It would find nothing: a text is sealed differently each time."""
    with pytest.raises(TypeError, match="cannot be compared"):
        orders.select().where(orders.c.reason == "a")
    with pytest.raises(TypeError, match="cannot be compared"):
        orders.c.reason.like("a%")
    assert "IS NOT NULL" in str(orders.c.reason.is_not(None))


def test_the_audit_names_options_and_nothing_typed(url: str, raw: Callable[..., Any]) -> None:
    """Its records can be neither erased nor sealed."""
    plant(url)
    written = str(raw("SELECT * FROM ledger_audit"))
    assert "engraving" in written
    assert not any(one in written for one in PARTS)


def test_a_ledger_finds_its_way_with_old_and_new_rows(url: str) -> None:
    first = plant(url)
    second = plant(url, NEW, name="second")
    ledger: Ledger = open_ledger(url, clock=Clock(), seals=Seals.of([NEW]))
    assert {ledger.order(one).reason for one in (first, second)} == {CANARY}
    assert ledger.miscounted() == []
    ledger.close()
