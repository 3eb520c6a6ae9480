"""Gate 13: who changed what stands in a chain that shows every edit, deletion and reordering."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from data.errors import OutOfCapacity
from data.ledger import Ledger
from tests.data.ledger.shop import HOLD, Clock, key, units


@pytest.fixture
def audited(ledger: Ledger, clock: Clock) -> Ledger:
    """A ledger with ten records."""
    for name in ("a", "b"):
        clock.move(timedelta(seconds=1))
        held = ledger.hold(units(2), request=key(name, scope=f"key {name}"))
        ledger.confirm(held.order_id, version=1, request=key(f"{name}1", scope=f"key {name}"))
        ledger.start(held.order_id, version=2, request=key(f"{name}2", scope=f"key {name}"))
    ledger.hold(units(1), request=key("c"))
    clock.move(HOLD)
    ledger.expire()
    return ledger


def test_who_did_what_and_when_is_told(audited: Ledger) -> None:
    assert audited.verify_audit().faults == ()
    assert audited.verify_audit().records == audited.audit_head().count == 10
    with audited.database.transaction(reads=True) as connection:
        rows = connection.execute(text("SELECT * FROM ledger_audit ORDER BY seq")).mappings().all()
    steps = ["set_capacity"] * 2 + ["hold", "confirm", "start"] * 2 + ["hold", "expire"]
    assert [row["step"] for row in rows] == steps
    assert [row["actor"] for row in rows[2:9]] == ["key a"] * 3 + ["key b"] * 3 + ["shop"]
    assert rows[9]["actor"] == "expiry"
    assert rows[2]["at"] == "2026-03-01T08:00:01"
    assert json.loads(rows[3]["before"]) == {"state": "held", "version": 1}
    assert json.loads(rows[3]["after"]) == {"state": "confirmed", "version": 2}
    [line] = json.loads(rows[2]["after"])["lines"]
    assert line["needs"] == [["saw", "2026-03-02", 2]]
    assert not any("C1" in str(row) for row in rows)  # customers are not named


def test_what_was_refused_or_replayed_leaves_no_record(audited: Ledger) -> None:
    before = audited.audit_head()
    with pytest.raises(OutOfCapacity):
        audited.hold(units(100), request=key("refused"))
    audited.hold(units(2), request=key("a", scope="key a"))
    assert audited.audit_head() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_audit SET actor = 'nobody'",
        "DELETE FROM ledger_audit WHERE seq = 10",
        "DELETE FROM ledger_audit",
    ],
)
def test_the_database_itself_refuses_to_change_a_record(audited: Ledger, statement: str) -> None:
    before = audited.audit_head()
    with pytest.raises(SQLAlchemyError, match="append-only"), audited.database.engine.begin() as c:
        c.execute(text(statement))
    assert audited.verify_audit(before).faults == ()


def edit(column: str, value: str) -> Callable[[Connection], None]:
    def spoil(connection: Connection) -> None:
        values = {"value": value, "seq": 5}
        connection.execute(
            text(f"UPDATE ledger_audit SET {column} = :value WHERE seq = :seq"),  # noqa: S608
            values,
        )

    return spoil


def delete(*numbers: int) -> Callable[[Connection], None]:
    def spoil(connection: Connection) -> None:
        for number in numbers:
            connection.execute(text("DELETE FROM ledger_audit WHERE seq = :n"), {"n": number})

    return spoil


def swap(connection: Connection) -> None:
    for old, new in ((4, 1000), (5, 4), (1000, 5)):
        connection.execute(
            text("UPDATE ledger_audit SET seq = :new WHERE seq = :old"), {"old": old, "new": new}
        )


def close_ranks(connection: Connection) -> None:
    delete(5)(connection)
    for number in range(6, 11):
        connection.execute(
            text("UPDATE ledger_audit SET seq = :n - 1 WHERE seq = :n"), {"n": number}
        )
    connection.execute(text("UPDATE ledger_audit_head SET count = 9"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(edit("actor", "nobody"), "record 5 was edited", id="actor"),
        pytest.param(edit("at", "2020-01-01T00:00:00"), "record 5 was edited", id="time"),
        pytest.param(edit("after", "{}"), "record 5 was edited", id="after"),
        pytest.param(edit("before", '{"state":"x"}'), "record 5 was edited", id="before"),
        pytest.param(edit("subject", "other"), "record 5 was edited", id="subject"),
        pytest.param(edit("step", "hold"), "record 5 was edited", id="step"),
        pytest.param(edit("hash", "0" * 64), "record 5 was edited", id="hash"),
        pytest.param(edit("previous", "0" * 64), "record 5 does not follow", id="previous"),
        pytest.param(delete(5), "record 5 is missing", id="deleted"),
        pytest.param(delete(1), "record 1 is missing", id="first deleted"),
        pytest.param(delete(10), "ends at record 9, its head says 10", id="last deleted"),
        pytest.param(delete(*range(1, 11)), "ends at record 0", id="all deleted"),
        pytest.param(swap, "record 4 does not follow", id="swapped"),
        pytest.param(close_ranks, "record 5 does not follow", id="ranks closed"),
    ],
)
def test_whoever_gets_past_that_is_seen(
    audited: Ledger, spoil: Callable[[Connection], None], said: str
) -> None:
    without_triggers(audited, spoil)
    assert any(said in fault for fault in audited.verify_audit().faults)


def test_an_end_cut_together_with_its_head_is_seen_against_a_noted_head_only(
    audited: Ledger,
) -> None:
    noted = audited.audit_head()
    with audited.database.transaction(reads=True) as connection:
        ninth = connection.scalar(text("SELECT hash FROM ledger_audit WHERE seq = 9"))

    def spoil(connection: Connection) -> None:
        delete(10)(connection)
        connection.execute(
            text("UPDATE ledger_audit_head SET count = 9, hash = :hash"), {"hash": ninth}
        )

    without_triggers(audited, spoil)
    assert audited.verify_audit().faults == ()
    [fault] = audited.verify_audit(noted).faults
    assert "10 were noted" in fault
    audited.hold(units(1), request=key("later"))
    [fault] = audited.verify_audit(noted).faults
    assert "record 10 is not the one whose hash was noted" in fault


def test_a_chain_longer_than_one_read_is_walked_whole(
    audited: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.ledger.audit.ROWS_A_READ", 3)
    assert audited.verify_audit().records == 10
    without_triggers(audited, delete(9))
    assert audited.verify_audit().faults


def without_triggers(ledger: Ledger, spoil: Callable[[Connection], None]) -> None:
    """As one who owns the database, not as the program."""
    with ledger.database.engine.begin() as connection:
        if ledger.database.is_postgresql:
            connection.execute(text("ALTER TABLE ledger_audit DISABLE TRIGGER ALL"))
        else:
            for verb in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER ledger_audit_no_{verb}"))
        spoil(connection)
