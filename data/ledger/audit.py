"""The audit: a chain of records, each with the hash of the one before it.

A record's hash is the SHA-256 of the hash before it and of the SHA-256 of its fields (as in
S. Haber and W. S. Stornetta, How to time-stamp a digital document, 1991). The number of records and
the last hash stand beside the chain. An edit, a deletion or another order breaks the chain; records
cut off its end leave the head standing. Whoever can write every table can cut the end and set the
head back, or write the whole chain anew: that is seen only against a head noted elsewhere
(`noted`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Insert,
    RowMapping,
    String,
    bindparam,
    func,
    insert,
    select,
    update,
)

from data.ledger.schema import audit, audit_head
from data.ledger.times import naive
from data.store.together import with_commit

NO_RECORD: Final = "0" * 64
"""The hash before the first record."""

ROWS_A_READ: Final = 10_000
MOST_FAULTS: Final = 20

_FIELDS: Final = ("at", "actor", "step", "subject", "before", "after")

_HEAD: Final = select(audit_head.c.count, audit_head.c.hash)
_INSERT: Final = insert(audit).values(
    {name: bindparam(name) for name in ("seq", *_FIELDS, "previous", "hash")}
)
_MOVE: Final = update(audit_head).values(count=bindparam("n"), hash=bindparam("h"))


def _chaining() -> Insert:
    """One statement that locks the end of the chain, adds a record to it, and moves it."""
    end = _HEAD.with_for_update().cte("end")
    joined = func.convert_to(end.c.hash + bindparam("digest", type_=String), "UTF8")
    row = {
        "seq": end.c.count + 1,
        **{name: bindparam(name, type_=String) for name in _FIELDS},
        "previous": end.c.hash,
        "hash": func.encode(func.sha256(joined), "hex"),
    }
    moved = update(audit_head).values(count=row["seq"], hash=row["hash"]).cte("moved")
    return insert(audit).from_select(list(row), select(*row.values())).add_cte(moved)


_CHAIN: Final = _chaining()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One change: who did what to which order or capacity.

    Attributes:
        at: when (UTC).
        actor: id of the API key, or what part of the program.
        step: what was done.
        subject: the order's id, or the resource and day. Customers are not named here, so that
            one can be erased without breaking the chain.
        before: what was there; empty where nothing was.
        after: what is there now.
    """

    at: datetime
    actor: str
    step: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """How many records there are, and the hash of the last one."""

    count: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What a look through the chain found.

    Attributes:
        records: how many there are.
        faults: what is wrong, the first 20; none where the chain is whole.
    """

    records: int
    faults: tuple[str, ...]


def append(connection: Connection, records: Sequence[Record]) -> None:
    """Add records to the end of the chain, as the last that is done in a transaction.

    The end is locked from then on. On PostgreSQL that is when the transaction commits, and the
    database chains the records itself, so that writers wait for each other as briefly as can be.
    """
    rows = [_row(record) for record in records]
    if connection.dialect.name == "postgresql":
        with_commit(connection, [(_CHAIN, row) for row in rows])
        return
    count, previous = connection.execute(_HEAD).one()
    for row in rows:
        count += 1
        row |= {"seq": count, "previous": previous, "hash": _chained(previous, row["digest"])}
        previous = row["hash"]
    connection.execute(_INSERT, rows)
    connection.execute(_MOVE, {"n": count, "h": previous})


def head(connection: Connection) -> Head:
    """Where the chain ends; noted elsewhere, it shows later whether the end was cut."""
    count, last = connection.execute(select(audit_head.c.count, audit_head.c.hash)).one()
    return Head(count, last)


def verify(connection: Connection, noted: Head | None) -> AuditReport:
    """Walk the whole chain; O(records)."""
    faults: list[str] = []
    seen, previous = 0, NO_RECORD
    for row in _all(connection):
        seen += 1
        faults += _faults_of(row, seen, previous)
        if noted is not None and noted.count == row["seq"] and noted.hash != row["hash"]:
            faults.append(f"record {row['seq']} is not the one whose hash was noted")
        seen, previous = row["seq"], row["hash"]
        if len(faults) >= MOST_FAULTS:
            break
    else:
        ends = head(connection)
        if (ends.count, ends.hash) != (seen, previous):
            faults.append(f"the chain ends at record {seen}, its head says {ends.count}")
        if noted is not None and noted.count > seen:
            faults.append(f"the chain ends at record {seen}, but {noted.count} were noted")
    return AuditReport(records=seen, faults=tuple(faults[:MOST_FAULTS]))


def _faults_of(row: RowMapping, expected: int, previous: str) -> Iterator[str]:
    if row["seq"] != expected:
        yield f"record {expected} is missing before {row['seq']}"
    if row["previous"] != previous:
        yield f"record {row['seq']} does not follow the one before it"
    if row["hash"] != _chained(row["previous"], _digest(row)):
        yield f"record {row['seq']} was edited"


def _all(connection: Connection) -> Iterator[RowMapping]:
    """The records in their order, some at a time."""
    after = 0
    while True:
        query = select(audit).where(audit.c.seq > after).order_by(audit.c.seq)
        rows = connection.execute(query.limit(ROWS_A_READ)).mappings().all()
        yield from rows
        if len(rows) < ROWS_A_READ:
            return
        after = rows[-1]["seq"]


def _row(record: Record) -> dict[str, Any]:
    """A record's columns, without its place in the chain, and their digest."""
    row = {
        "at": naive(record.at).isoformat(),
        "actor": record.actor,
        "step": record.step,
        "subject": record.subject,
        "before": _text(record.before),
        "after": _text(record.after),
    }
    return {**row, "digest": _digest(row)}


def _digest(row: RowMapping | dict[str, Any]) -> str:
    return _sha256(json.dumps([row[name] for name in _FIELDS]))


def _chained(previous: str, digest: str) -> str:
    return _sha256(previous + digest)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _text(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))
