"""Orders in the tables: written, locked and read, within a transaction of the caller's."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, update

from data.errors import UnknownOrder
from data.ledger.schema import lines, needs, orders
from data.ledger.states import State
from data.ledger.terms import Line, Need, Order, Slot, summed_needs
from data.ledger.times import aware, naive
from data.store.together import Statement, together

IDS_A_QUERY: Final = 500

_THE_ORDER: Final = orders.c.order_id == bindparam("o")
_LOCK: Final = select(orders).where(_THE_ORDER).with_for_update()
_INSERT: Final = insert(orders)
_INSERT_LINE: Final = insert(lines)
_INSERT_NEED: Final = insert(needs)
_NEEDS: Final = select(needs).where(needs.c.order_id.in_(bindparam("o", expanding=True)))
_LINES: Final = (
    select(lines)
    .where(lines.c.order_id.in_(bindparam("o", expanding=True)))
    .order_by(lines.c.order_id, lines.c.line)
)
_ANY_DUE: Final = (
    select(orders.c.order_id)
    .where(orders.c.state == "held", orders.c.expires_at <= bindparam("now"))
    .limit(1)
)
_MOVE: Final = (
    update(orders)
    .where(_THE_ORDER)
    .values(
        state=bindparam("s"),
        version=bindparam("v"),
        changed_at=bindparam("c"),
        reason=bindparam("r"),
        promised_on=bindparam("p"),
        shipped_on=bindparam("d"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """An order without its lines."""

    order_id: str
    customer_id: str | None
    state: State
    version: int
    currency: str
    made_at: datetime
    changed_at: datetime
    expires_at: datetime
    reason: str
    promised_on: date | None = None
    shipped_on: date | None = None


def lock(connection: Connection, order_id: str) -> Head:
    """An order, which no other transaction changes until this one ends.

    Raises:
        UnknownOrder: nobody knows it.
    """
    row = connection.execute(_LOCK, {"o": order_id}).mappings().one_or_none()
    if row is None:
        raise UnknownOrder(
            "There is no such order.", where="order_id", fix="Use the id that its hold answered."
        )
    return _head(row)


def lock_due(connection: Connection, now: datetime, most: int) -> list[Head]:
    """Orders whose hold has run out, at most so many, by id."""
    due = (orders.c.state == "held") & (orders.c.expires_at <= naive(now))
    query = select(orders).where(due).order_by(orders.c.order_id).limit(most).with_for_update()
    return [_head(row) for row in connection.execute(query).mappings()]


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether a hold has run out."""
    return connection.execute(_ANY_DUE, {"now": naive(now)}).first() is not None


def write(connection: Connection, order: Head, ordered: Sequence[Line]) -> None:
    """Write a new order and its lines."""
    row = {name: getattr(order, name) for name in Head.__dataclass_fields__}
    times = {name: naive(row[name]) for name in ("made_at", "changed_at", "expires_at")}
    together(connection, [(_INSERT, row | times), *_writing(order.order_id, ordered)])


def replace_lines(connection: Connection, order_id: str, ordered: Sequence[Line]) -> None:
    """Put lines in the place of an order's."""
    connection.execute(delete(needs).where(needs.c.order_id == order_id))
    connection.execute(delete(lines).where(lines.c.order_id == order_id))
    together(connection, _writing(order_id, ordered))


def move(connection: Connection, order: Head) -> None:
    """Write an order's state, version, reason and days."""
    values = {"s": order.state, "v": order.version, "r": order.reason}
    days = {"p": order.promised_on, "d": order.shipped_on}
    at = {"o": order.order_id, "c": naive(order.changed_at)}
    connection.execute(_MOVE, at | values | days)


def taken(connection: Connection, order_id: str) -> dict[Slot, int]:
    """What an order's lines take together."""
    rows = connection.execute(_NEEDS, {"o": [order_id]})
    return summed_needs(
        Need(resource_id=row.resource_id, day=row.day, amount=row.amount) for row in rows
    )


def read(connection: Connection, order_id: str) -> Order | None:
    """An order with its lines, if anybody knows it."""
    row = connection.execute(select(orders).where(_THE_ORDER), {"o": order_id}).mappings().first()
    return None if row is None else _whole(connection, [_head(row)])[0]


def read_some(
    connection: Connection, states: Sequence[State], limit: int | None, offset: int
) -> list[Order]:
    """Orders in some states, the newest first, then by id; with their lines; all with no limit."""
    query = select(orders).where(orders.c.state.in_(states))
    query = query.order_by(orders.c.made_at.desc(), orders.c.order_id).limit(limit).offset(offset)
    return _whole(connection, [_head(row) for row in connection.execute(query).mappings()])


def count(connection: Connection, states: Sequence[State]) -> int:
    """How many orders are in some states."""
    query = select(func.count()).select_from(orders).where(orders.c.state.in_(states))
    return int(connection.execute(query).scalar_one())


def lateness(connection: Connection, most: int) -> list[int]:
    """Days by which the latest orders were shipped late, below 0 where early, latest first."""
    query = (
        select(orders.c.promised_on, orders.c.shipped_on)
        .where(orders.c.promised_on.is_not(None), orders.c.shipped_on.is_not(None))
        .order_by(orders.c.shipped_on.desc(), orders.c.order_id)
        .limit(most)
    )
    return [(shipped - promised).days for promised, shipped in connection.execute(query)]


def _whole(connection: Connection, heads: Sequence[Head]) -> list[Order]:
    """Orders with their lines."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for start in range(0, len(heads), IDS_A_QUERY):
        for order_id, line in _lines(connection, heads[start : start + IDS_A_QUERY]):
            found[order_id].append(line)
    return [
        Order(
            **{name: getattr(head, name) for name in Head.__dataclass_fields__},
            lines=tuple(found[head.order_id]),
        )
        for head in heads
    ]


def _lines(connection: Connection, heads: Sequence[Head]) -> Iterator[tuple[str, Line]]:
    """The lines of some orders, in the order of each, and whose they are."""
    ids = [head.order_id for head in heads]
    by_line: defaultdict[tuple[str, int], list[Need]] = defaultdict(list)
    for row in connection.execute(_NEEDS, {"o": ids}):
        need = Need(resource_id=row.resource_id, day=row.day, amount=row.amount)
        by_line[row.order_id, row.line].append(need)
    for row in connection.execute(_LINES, {"o": ids}):
        yield (
            row.order_id,
            Line(
                variant_id=row.variant_id,
                style_id=row.style_id,
                configuration=tuple(json.loads(row.configuration)),
                quantity=row.quantity,
                price=row.price,
                needs=tuple(by_line[row.order_id, row.line]),
            ),
        )


def _writing(order_id: str, ordered: Sequence[Line]) -> Iterator[Statement]:
    """The statements that write lines and what they need."""
    for number, line in enumerate(ordered, start=1):
        yield _INSERT_LINE, _row(order_id, number, line)
    for number, line in enumerate(ordered, start=1):
        for need in line.needs:
            taken = {"resource_id": need.resource_id, "day": need.day, "amount": need.amount}
            yield _INSERT_NEED, {"order_id": order_id, "line": number, **taken}


def _row(order_id: str, number: int, line: Line) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line": number,
        "variant_id": line.variant_id,
        "style_id": line.style_id,
        "configuration": json.dumps(line.configuration),
        "quantity": line.quantity,
        "price": line.price,
    }


def _head(row: RowMapping) -> Head:
    times = {name: aware(row[name]) for name in ("made_at", "changed_at", "expires_at")}
    return Head(**{**row, **times})
