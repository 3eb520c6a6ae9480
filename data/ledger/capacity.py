"""Capacity by resource and day: taken where enough is free, moved and given back exactly.

Every function works within a transaction of the caller's. Rows are always written in the order of
resource and day, so that two orders never wait for each other in a ring.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NoReturn

from sqlalchemy import (
    BindParameter,
    Connection,
    Insert,
    Select,
    Update,
    bindparam,
    func,
    insert,
    select,
    update,
)

from data.errors import CapacityTaken, NoCapacity, OutOfCapacity
from data.ledger.schema import capacity, lines, needs, orders
from data.ledger.states import BUCKET, Bucket
from data.ledger.terms import MILLI, Capacity, Slot, less
from data.store.together import Statement, together

_SLOT: Final = (capacity.c.resource_id == bindparam("r"), capacity.c.day == bindparam("d"))


def _moving(**changes: int) -> Update:
    """Move an amount `x` between buckets of a row: +1 into one, -1 out of it."""
    x: BindParameter[int] = bindparam("x")
    values = {
        name: capacity.c[name] + x if sign > 0 else capacity.c[name] - x
        for name, sign in changes.items()
    }
    short = [capacity.c[name] >= x for name, sign in changes.items() if sign < 0]
    return update(capacity).where(*_SLOT, *short).values(values)


_TAKE: Final[dict[Bucket, Update]] = {
    "held": _moving(free=-1, held=1),
    "committed": _moving(free=-1, committed=1),
}
_RELEASE: Final[dict[Bucket, Update]] = {
    "held": _moving(free=1, held=-1),
    "committed": _moving(free=1, committed=-1),
}
_COMMIT: Final = _moving(held=-1, committed=1)
_ROW: Final = select(capacity).where(*_SLOT)
_STATE: Final = select(capacity).where(*_SLOT).with_for_update()
_INSERT: Final[Insert] = insert(capacity)


def adjust(connection: Connection, bucket: Bucket, rise: Mapping[Slot, int]) -> None:
    """Take what rises, give back what falls; all or (by the caller's rollback) nothing.

    Raises:
        NoCapacity: nobody has said how much there is of a resource on a day.
        OutOfCapacity: less is free than needed.
    """
    changes = [
        (_TAKE[bucket] if amount > 0 else _RELEASE[bucket], slot, abs(amount))
        for slot, amount in sorted(rise.items())
        if amount
    ]
    rows = together(connection, map(_moving_at, changes))
    for (_, slot, amount), changed in zip(changes, rows, strict=True):
        if not changed and rise[slot] > 0:
            _say_short(connection, slot, amount)
        _must(changed, slot)


def release(connection: Connection, bucket: Bucket, taken: Mapping[Slot, int]) -> None:
    """Give back what was taken."""
    adjust(connection, bucket, less({}, taken))


def commit(connection: Connection, taken: Mapping[Slot, int]) -> None:
    """What was held is committed."""
    changes = [(_COMMIT, slot, amount) for slot, amount in sorted(taken.items())]
    rows = together(connection, map(_moving_at, changes))
    for (_, slot, _), changed in zip(changes, rows, strict=True):
        _must(changed, slot)


def set_amount(connection: Connection, slot: Slot, amount: int) -> Capacity | None:
    """State how much there is of a resource on a day; what was stated before, if anything.

    Raises:
        CapacityTaken: orders have taken more.
    """
    row = connection.execute(_STATE, {"r": slot[0], "d": slot[1]}).mappings().one_or_none()
    if row is None:
        values = dict(zip(("resource_id", "day"), slot, strict=True))
        connection.execute(_INSERT, {**values, "amount": amount, "free": amount, "held": 0,
                                     "committed": 0})  # fmt: skip
        return None
    before = Capacity(**row)
    taken = before.held + before.committed
    if amount < taken:
        raise CapacityTaken(
            f"Orders have taken {_said(taken)} of {slot[0]!a} on {slot[1]}.",
            where="amount",
            fix=f"State at least {_said(taken)}, or cancel orders first.",
        )
    changed = update(capacity).where(*_SLOT).values(amount=amount, free=amount - taken)
    connection.execute(changed, {"r": slot[0], "d": slot[1]})
    return before


def read(connection: Connection, resource_id: str, days: Sequence[date]) -> list[Capacity]:
    """What stands of a resource on some days, by day; days without any statement are left out."""
    query = select(capacity).where(capacity.c.resource_id == resource_id)
    query = query.where(capacity.c.day.in_(days)).order_by(capacity.c.day)
    return [Capacity(**row) for row in connection.execute(query).mappings()]


def read_span(
    connection: Connection, resource_ids: Sequence[str], since: date, until: date
) -> list[Capacity]:
    """What stands of resources on the days of a span, by resource and day."""
    query = _span(select(capacity), resource_ids, (), since, until)
    return [Capacity(**row) for row in connection.execute(query).mappings()]


def free_in(
    connection: Connection,
    resource_ids: Sequence[str],
    stock_ids: Sequence[str],
    since: date,
    until: date,
    *,
    lock: bool = False,
) -> list[tuple[str, date, int]]:
    """Resource, day and what is free: of resources in a span, of stocks on any day up to its end.

    Args:
        connection: within a transaction.
        resource_ids: of which what is over is gone.
        stock_ids: of which what is left of a day is there on the next.
        since: the first day.
        until: the last.
        lock: let no other transaction change them until this one ends.
    """
    query = _span(
        select(capacity.c.resource_id, capacity.c.day, capacity.c.free),
        resource_ids,
        stock_ids,
        since,
        until,
    )
    rows = connection.execute(query.with_for_update() if lock else query).all()
    return [(resource_id, day, free) for resource_id, day, free in rows]


def resources(connection: Connection) -> list[str]:
    """The resources of which anything is stated, ascending."""
    query = select(capacity.c.resource_id).distinct().order_by(capacity.c.resource_id)
    return list(connection.scalars(query))


def _span(
    query: Select[Any],
    resource_ids: Sequence[str],
    stock_ids: Sequence[str],
    since: date,
    until: date,
) -> Select[Any]:
    hours = capacity.c.resource_id.in_(resource_ids) & (capacity.c.day >= since)
    wanted = (hours | capacity.c.resource_id.in_(stock_ids)) & (capacity.c.day <= until)
    return query.where(wanted).order_by(capacity.c.resource_id, capacity.c.day)


def read_committed(connection: Connection) -> list[Capacity]:
    """The rows of which something is committed, by resource and day."""
    query = select(capacity).where(capacity.c.committed > 0)
    query = query.order_by(capacity.c.resource_id, capacity.c.day)
    return [Capacity(**row) for row in connection.execute(query).mappings()]


def miscounted(connection: Connection) -> list[Capacity]:
    """The rows that are not what the orders' needs add up to: none, unless tables were edited."""
    query = (
        select(orders.c.state, needs.c.resource_id, needs.c.day, func.sum(needs.c.amount))
        .join(lines, (lines.c.order_id == needs.c.order_id) & (lines.c.line == needs.c.line))
        .join(orders, orders.c.order_id == lines.c.order_id)
        .group_by(orders.c.state, needs.c.resource_id, needs.c.day)
    )
    taken: dict[tuple[str, Slot], int] = {}
    for state, resource_id, day, amount in connection.execute(query):
        if state in BUCKET:
            place = (BUCKET[state], (resource_id, day))
            taken[place] = taken.get(place, 0) + int(amount)
    every = select(capacity).order_by(capacity.c.resource_id, capacity.c.day)
    return [
        row
        for row in (Capacity(**found) for found in connection.execute(every).mappings())
        if row.free + row.held + row.committed != row.amount
        or row.held != taken.get(("held", (row.resource_id, row.day)), 0)
        or row.committed != taken.get(("committed", (row.resource_id, row.day)), 0)
    ]


def _moving_at(change: tuple[Update, Slot, int]) -> Statement:
    what, slot, amount = change
    return what, {"r": slot[0], "d": slot[1], "x": amount}


def _must(changed: int, slot: Slot) -> None:
    """What cannot fail was written, unless somebody edited the tables: stop rather than guess."""
    if not changed:
        message = f"the ledger's capacity of {slot[0]!a} on {slot[1]} does not hold its orders"
        raise AssertionError(message)


def _say_short(connection: Connection, slot: Slot, amount: int) -> NoReturn:
    values: dict[str, Any] = {"r": slot[0], "d": slot[1]}
    row = connection.execute(_ROW, values).mappings().one_or_none()
    if row is None:
        raise NoCapacity(
            f"Nobody has said how much there is of {slot[0]!a} on {slot[1]}.",
            where="needs",
            fix="State its capacity first, or choose another day.",
        )
    raise OutOfCapacity(
        f"{_said(amount)} of {slot[0]!a} on {slot[1]} is needed, {_said(row['free'])} is free.",
        where="needs",
        fix="Choose another day, a smaller quantity, or wait for a hold to run out.",
    )


def _said(amount: int) -> str:
    """An amount in the resource's unit, exactly.

    >>> _said(1500), _said(2000)
    ('1.5', '2')
    """
    whole, rest = divmod(amount, MILLI)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".") if rest else str(whole)
