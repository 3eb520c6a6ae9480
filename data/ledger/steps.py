"""What each step does within one transaction: the order, its capacity and the audit.

Locks are always taken in the same order (orders by id, key, capacity by resource and day, the
audit's head), so that no two steps wait for each other in a ring.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from data.errors import IllegalStep, StaleVersion
from data.failpoints import reach
from data.ledger import audit, capacity, orders
from data.ledger.audit import Record
from data.ledger.once import Planned
from data.ledger.states import ALLOWED, BUCKET, State, Step
from data.ledger.terms import Line, NewOrder, OpenOrder, Receipt, Slot, less, needs_of

EXPIRY: Final = "expiry"
"""Who the audit names for a hold that ran out."""

HOLDS_A_SWEEP: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A step as it is asked for.

    Attributes:
        step: which.
        version: the order's version that it was decided on.
        actor: who asks, for the audit.
        reason: why; may be empty.
        lines: the new lines of a change.
        promised_on: the day by which the new lines are promised, if they are.
        today: the day on the shop's clock.
    """

    step: Step
    version: int
    actor: str
    reason: str
    lines: tuple[Line, ...] | None
    promised_on: date | None
    today: date


def state(connection: Connection, wanted: dict[Slot, int], actor: str, now: datetime) -> None:
    """State how much there is of resources on days; CapacityTaken where orders took more."""
    records = []
    for slot, amount in sorted(wanted.items()):
        before = capacity.set_amount(connection, slot, amount)
        records.append(
            Record(
                at=now,
                actor=actor,
                step="set_capacity",
                subject=f"{slot[0]} {slot[1]}",
                before={} if before is None else {"amount": before.amount},
                after={"amount": amount},
            )
        )
    audit.append(connection, records)


def hold(
    connection: Connection, order: NewOrder | OpenOrder, order_id: str, actor: str, now: datetime
) -> Planned:
    """Take what an order's lines need together, and write it down."""
    head = orders.Head(
        order_id=order_id,
        customer_id=order.customer_id,
        state="held",
        version=1,
        currency=order.currency,
        made_at=now,
        changed_at=now,
        expires_at=now + order.hold_for,
        reason="",
        promised_on=order.promised_on,
    )

    def work() -> None:
        placed = order if isinstance(order, NewOrder) else _placed(connection, order)
        capacity.adjust(connection, "held", needs_of(placed.lines))
        reach("ledger-reserved")
        orders.write(connection, head, placed.lines)
        reach("ledger-written")
        audit.append(connection, [_record(actor, "hold", None, head, placed.lines)])

    return Planned(_receipt(head), work)


def _placed(connection: Connection, order: OpenOrder) -> NewOrder:
    """An order with its days, found in what is free; nobody else takes of it until the end."""
    free = capacity.free_in(
        connection, order.resource_ids, order.stock_ids, order.since, order.until, lock=True
    )
    return order.with_lines(order.place(free))


def take(connection: Connection, order_id: str, asked: Asked, now: datetime) -> Planned:
    """Take a step with an order.

    Raises:
        UnknownOrder, IllegalStep, StaleVersion: see `Ledger`; the work NoCapacity, OutOfCapacity.
    """
    head = orders.lock(connection, order_id)
    moved = replace(
        head,
        state=_checked(head, asked, now),
        version=head.version + 1,
        changed_at=now,
        reason=asked.reason or head.reason,
        promised_on=head.promised_on if asked.lines is None else asked.promised_on,
        shipped_on=asked.today if asked.step == "ship" else head.shipped_on,
    )

    def work() -> None:
        _move_capacity(connection, head, moved.state, asked.lines)
        reach("ledger-reserved")
        if asked.lines is not None:
            orders.replace_lines(connection, order_id, asked.lines)
        orders.move(connection, moved)
        reach("ledger-written")
        audit.append(connection, [_record(asked.actor, asked.step, head, moved, asked.lines)])

    return Planned(_receipt(moved), work)


def expire(connection: Connection, now: datetime) -> int:
    """Give back what run-out holds have taken, HOLDS_A_SWEEP at most; how many there were."""
    due = orders.lock_due(connection, now, HOLDS_A_SWEEP)
    given_back: dict[Slot, int] = {}
    records = []
    for head in due:
        for slot, amount in orders.taken(connection, head.order_id).items():
            given_back[slot] = given_back.get(slot, 0) + amount
        moved = replace(head, state="expired", version=head.version + 1, changed_at=now)
        orders.move(connection, moved)
        records.append(_record(EXPIRY, "expire", head, moved, None))
    if records:
        capacity.release(connection, "held", given_back)
        audit.append(connection, records)
    return len(due)


def _checked(head: orders.Head, asked: Asked, now: datetime) -> State:
    """The state that a step leads to; refused where the order does not allow it, or changed."""
    state: State = head.state
    if state == "held" and head.expires_at <= now:
        state = "expired"
    after = ALLOWED[state].get(asked.step)
    if after is None:
        allowed = ", ".join(name for name in ALLOWED[state] if name != "expire")
        raise IllegalStep(
            f"The order is {state.replace('_', ' ')}: there is no step '{asked.step}' from there.",
            where="state",
            fix=f"It allows: {allowed}." if allowed else "It allows no step any more.",
        )
    if asked.version != head.version:
        raise StaleVersion(
            f"The order is at version {head.version:,}, not {asked.version:,}.",
            where="version",
            fix="Read the order again, and decide anew.",
        )
    return after


def _move_capacity(
    connection: Connection, head: orders.Head, after: State, lines: tuple[Line, ...] | None
) -> None:
    bucket = BUCKET[head.state]
    if lines is not None:
        already = orders.taken(connection, head.order_id)
        capacity.adjust(connection, bucket, less(needs_of(lines), already))
    elif after not in BUCKET:
        capacity.release(connection, bucket, orders.taken(connection, head.order_id))
    elif BUCKET[after] != bucket:
        capacity.commit(connection, orders.taken(connection, head.order_id))


def _record(
    actor: str,
    step: str,
    before: orders.Head | None,
    after: orders.Head,
    lines: tuple[Line, ...] | None,
) -> Record:
    # Without what people write (reasons, typed values): a record can be neither erased nor sealed.
    now: dict[str, Any] = {"state": after.state, "version": after.version}
    if after.promised_on and (before is None or before.promised_on != after.promised_on):
        now["promised_on"] = after.promised_on.isoformat()
    if before is None:
        now["expires_at"] = after.expires_at.isoformat()
        now["currency"] = after.currency
    if lines is not None:
        now["lines"] = [_line(line) for line in lines]
    return Record(
        at=after.changed_at,
        actor=actor,
        step=step,
        subject=after.order_id,
        before={} if before is None else {"state": before.state, "version": before.version},
        after=now,
    )


def _line(line: Line) -> dict[str, Any]:
    return {
        "variant_id": line.variant_id,
        "style_id": line.style_id,
        "configuration": [choice.partition("=")[0] for choice in line.configuration],
        "quantity": line.quantity,
        "price": line.price,
        "needs": [[need.resource_id, need.day.isoformat(), need.amount] for need in line.needs],
    }


def _receipt(head: orders.Head) -> Receipt:
    return Receipt(
        order_id=head.order_id, state=head.state, version=head.version, expires_at=head.expires_at
    )
