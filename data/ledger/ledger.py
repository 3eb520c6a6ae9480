"""The ledger: steps that take, keep and give back capacity, each whole and once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from sqlalchemy import Connection

from data.errors import UnknownOrder
from data.ledger import audit, capacity, keys, orders, steps
from data.ledger.audit import AuditReport
from data.ledger.once import Plan, Planned, once
from data.ledger.states import STATES, State, Step
from data.ledger.terms import (
    MOST_AMOUNT,
    Capacity,
    Line,
    NewOrder,
    OpenOrder,
    Order,
    Receipt,
    RequestKey,
    Slot,
    check_id,
    check_lines,
    check_reason,
    check_whole,
)
from data.ledger.times import now_utc
from data.sealing import Seals
from data.store.database import Database
from data.store.migrating import open_migrated

KEYS_A_BATCH: Final = 1000


def random_id() -> str:
    """128 random bits, in hexadecimal."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Capacity and the orders that take it. Safe to share between threads.

    Attributes:
        database: where it is kept; each process opens its own.
        clock: what time it is, with an offset.
        zone: the shop's time zone: the day of a moment is the one on its clock, as promises are.
        new_id: ids of new orders.
    """

    database: Database
    clock: Callable[[], datetime] = now_utc
    zone: tzinfo = UTC
    new_id: Callable[[], str] = random_id

    def set_capacity(self, amounts: Sequence[tuple[str, date, int]], *, actor: str) -> None:
        """State how much there is of resources on days, all or none.

        Args:
            amounts: resource, day, and thousandths of the resource's unit.
            actor: who says so, for the audit.

        Raises:
            OrderRefused: a bad id, or an amount out of bounds.
            CapacityTaken: orders have taken more than would be there.
            StoreError: the store is away, busy, full or read-only.
        """
        check_id("actor", actor)
        wanted: dict[Slot, int] = {}
        for resource_id, day, amount in amounts:
            check_id("resource_id", resource_id)
            check_whole("amount", amount, 0, MOST_AMOUNT)
            wanted[resource_id, day] = amount
        if wanted:
            self.database.retried(
                lambda connection: steps.state(connection, wanted, actor, self.clock())
            )

    def free(self, resource_id: str, days: Sequence[date]) -> list[Capacity]:
        """What stands of a resource on some days, by day; unstated days are left out.

        Holds that have run out are given back first.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        self.expire()
        with self.database.transaction(reads=True) as connection:
            return capacity.read(connection, resource_id, days)

    def stands(self, resource_ids: Sequence[str], since: date, until: date) -> list[Capacity]:
        """What stands of resources on the days of a span, by resource and day.

        Holds that have run out are given back first.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        self.expire()
        with self.database.transaction(reads=True) as connection:
            return capacity.read_span(connection, resource_ids, since, until)

    def resources(self) -> list[str]:
        """The resources of which any capacity is stated, ascending.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        with self.database.transaction(reads=True) as connection:
            return capacity.resources(connection)

    def free_since(
        self, resource_ids: Sequence[str], stock_ids: Sequence[str], since: date, until: date
    ) -> list[tuple[str, date, int]]:
        """Resource, day and thousandths free: of resources in a span, of stocks up to its end.

        Holds that have run out are given back first.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        self.expire()
        with self.database.transaction(reads=True) as connection:
            return capacity.free_in(connection, resource_ids, stock_ids, since, until)

    def lateness(self, most: int) -> list[int]:
        """Days by which the latest shipped orders missed their promise, below 0 where early.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        with self.database.transaction(reads=True) as connection:
            return orders.lateness(connection, most)

    def order(self, order_id: str) -> Order:
        """An order as it stands.

        Raises:
            UnknownOrder: nobody knows it.
            StoreError: the store is away, busy, full or read-only.
        """
        with self.database.transaction(reads=True) as connection:
            order = orders.read(connection, order_id)
        if order is None:
            raise UnknownOrder(
                "There is no such order.",
                where="order_id",
                fix="Use the id that its hold answered.",
            )
        if order.state == "held" and order.expires_at <= self.clock() and self.expire():
            return self.order(order_id)
        return order

    def list_orders(
        self, states: Sequence[State] = STATES, *, limit: int | None, offset: int = 0
    ) -> tuple[int, list[Order]]:
        """How many orders are in some states, and a page of them, the newest first.

        Holds that have run out are expired first. Pages are for people: between two of them orders
        move, so who needs each order once asks for all, without a limit. O(the page).

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        self.expire()
        with self.database.transaction(reads=True) as connection:
            found = orders.read_some(connection, states, limit, offset)
            return orders.count(connection, states), found

    def committed(self) -> list[Capacity]:
        """Every resource and day of which orders that stand have taken some, in their order.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        with self.database.transaction(reads=True) as connection:
            return capacity.read_committed(connection)

    def hold(self, order: NewOrder | OpenOrder, *, request: RequestKey) -> Receipt:
        """Keep capacity for an order until its hold runs out: for all of its lines, or none.

        The days of an `OpenOrder` are found in the same transaction: it is refused only where
        nothing fits, however many are held at once.

        Raises:
            NoCapacity: nobody has said how much there is of a resource on a day.
            OutOfCapacity: less is free than the lines need together.
            KeyReused: the key stands for another request.
            StoreError: the store is away, busy, full or read-only.
        """

        def plan(connection: Connection, now: datetime) -> Planned:
            return steps.hold(connection, order, self.new_id(), request.scope, now)

        return self._once(request, request.digest_of("hold", "", None), plan)

    def held_before(self, request: RequestKey) -> Receipt | None:
        """What `hold` answered a key; None where it was not asked under it yet.

        Raises:
            LedgerError: the hold was refused; KeyReused where the key stands for another request.
            StoreError: the store is away, busy, full or read-only.
        """
        with self.database.transaction(reads=True) as connection:
            found = keys.find(connection, request, request.digest_of("hold", "", None))
        return None if found is None else found.give()

    def confirm(self, order_id: str, *, version: int, request: RequestKey) -> Receipt:
        """Turn a hold into a commitment; errors as of `cancel`."""
        return self._step("confirm", order_id, version, request)

    def start(self, order_id: str, *, version: int, request: RequestKey) -> Receipt:
        """Begin to make a confirmed order; errors as of `cancel`."""
        return self._step("start", order_id, version, request)

    def ship(self, order_id: str, *, version: int, request: RequestKey) -> Receipt:
        """Send what was made, today by the shop's clock; errors as of `cancel`."""
        return self._step("ship", order_id, version, request)

    def return_(self, order_id: str, *, version: int, reason: str, request: RequestKey) -> Receipt:
        """Take back what was shipped; the work stays done. Errors as of `cancel`."""
        return self._step("return", order_id, version, request, reason=reason)

    def cancel(
        self, order_id: str, *, version: int, reason: str = "", request: RequestKey
    ) -> Receipt:
        """Give an order's capacity back, before it is being made.

        Raises:
            UnknownOrder: nobody knows it.
            IllegalStep: the order's state does not allow it; says what it allows.
            StaleVersion: the order has changed since that version.
            KeyReused: the key stands for another request.
            OrderRefused: the reason is too long or unprintable.
            StoreError: the store is away, busy, full or read-only.
        """
        return self._step("cancel", order_id, version, request, reason=reason)

    def change(
        self,
        order_id: str,
        lines: tuple[Line, ...],
        *,
        version: int,
        promised_on: date | None = None,
        request: RequestKey,
    ) -> Receipt:
        """Put other lines and another promise in the place of an order's, or leave it as it is.

        What they need more is taken, what they need less is given back, in one.

        Raises:
            OrderRefused: no lines, or too many.
            NoCapacity: nobody has said how much there is of a resource on a day.
            OutOfCapacity: less is free than they need more.
            UnknownOrder, IllegalStep, StaleVersion, KeyReused, StoreError: as of `cancel`.
        """
        check_lines(lines)
        return self._step(
            "change", order_id, version, request, lines=lines, promised_on=promised_on
        )

    def expire(self) -> int:
        """Give back what run-out holds have taken; how many there were.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        now, expired = self.clock(), 0
        with self.database.transaction(reads=True) as connection:
            due = orders.any_due(connection, now)
        while due:
            some = self.database.retried(lambda connection: steps.expire(connection, now))
            expired += some
            due = some == steps.HOLDS_A_SWEEP
        return expired

    def forget_keys(self, *, older_than: timedelta) -> int:
        """Forget answers of long ago; how many. A request sent again after that is a new one.

        A batch at a time, so that orders wait for none for long.

        Raises:
            StoreError: the store is away, busy, full or read-only.
        """
        before, forgotten = self.clock() - older_than, 0
        with self.database.transaction(reads=True) as connection:
            left = keys.any_older(connection, before)
        while left:
            some = self.database.retried(
                lambda connection: keys.forget(connection, before, KEYS_A_BATCH)
            )
            forgotten += some
            left = some == KEYS_A_BATCH
        return forgotten

    def audit_head(self) -> audit.Head:
        """Where the audit ends now; noted elsewhere, it shows whether the end was cut since."""
        with self.database.transaction(reads=True) as connection:
            return audit.head(connection)

    def verify_audit(self, noted: audit.Head | None = None) -> AuditReport:
        """Look through the whole audit.

        Args:
            noted: a head noted earlier; without one, an end that was cut together with the
                chain's own head is not seen.
        """
        with self.database.transaction(reads=True) as connection:
            return audit.verify(connection, noted)

    def miscounted(self) -> list[Capacity]:
        """Rows where free, held and committed are not what orders add up to: there are none."""
        with self.database.transaction(reads=True) as connection:
            return capacity.miscounted(connection)

    def close(self) -> None:
        """Let go of all connections."""
        self.database.close()

    def _step(
        self,
        step: Step,
        order_id: str,
        version: int,
        request: RequestKey,
        *,
        reason: str = "",
        lines: tuple[Line, ...] | None = None,
        promised_on: date | None = None,
    ) -> Receipt:
        check_reason(reason)

        def plan(connection: Connection, now: datetime) -> Planned:
            asked = steps.Asked(
                step=step,
                version=version,
                actor=request.scope,
                reason=reason,
                lines=lines,
                promised_on=promised_on,
                today=now.astimezone(self.zone).date(),
            )
            return steps.take(connection, order_id, asked, now)

        return self._once(request, request.digest_of(step, order_id, version), plan)

    def _once(self, request: RequestKey, digest: str, plan: Plan) -> Receipt:
        return once(
            self.database, request, digest, plan=plan, clock=self.clock, make_room=self.expire
        )


def open_ledger(
    url: str,
    *,
    patience: float = 5.0,
    clock: Callable[[], datetime] = now_utc,
    zone: tzinfo = UTC,
    new_id: Callable[[], str] = random_id,
    seals: Seals | None = None,
) -> Ledger:
    """Open a ledger; its tables are made, or brought up from an older version, where need be.

    Args:
        url: `sqlite:///FILE` (made where missing) or `postgresql://USER@HOST/DATABASE`.
        patience: seconds to wait for another writer before the store counts as busy.
        clock: what time it is, with an offset.
        zone: the shop's time zone.
        new_id: ids of new orders.
        seals: the keys of free text; None for the environment's.

    Raises:
        StoreError: the URL is none, or the store is away, busy, full or read-only.
        FieldKeyRefused: free text is sealed under a key that is not given.
        SchemaError: a newer program made the store.
    """
    database = open_migrated(url, patience, seals)
    return Ledger(database=database, clock=clock, zone=zone, new_id=new_id)
