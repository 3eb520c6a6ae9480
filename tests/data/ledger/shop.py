"""Orders, keys and clocks for the ledger's tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from data.ledger import Ledger, Line, Need, NewOrder, RequestKey, open_ledger

DAY = date(2026, 3, 2)
NEXT = date(2026, 3, 3)
START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
HOLD = timedelta(minutes=15)


@dataclass
class Clock:
    """A clock that moves only when it is told to."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Ids:
    """Ids one after the other."""

    numbers: count[int] = field(default_factory=lambda: count(1))

    def __call__(self) -> str:
        return f"{next(self.numbers):032x}"


def need(amount: int, resource_id: str = "saw", day: date = DAY) -> Need:
    return Need(resource_id=resource_id, day=day, amount=amount)


def line(*needs: Need, quantity: int = 1, price: str = "19.90") -> Line:
    return Line(variant_id="V1", quantity=quantity, price=price, needs=needs)


def order(*lines: Line, hold_for: timedelta = HOLD) -> NewOrder:
    return NewOrder(lines=lines, hold_for=hold_for, currency="EUR", customer_id="C1")


def units(amount: int, resource_id: str = "saw") -> NewOrder:
    """An order of one line that takes so much of one resource."""
    return order(line(need(amount, resource_id)))


def key(name: str, *, scope: str = "shop", digest: str = "body") -> RequestKey:
    return RequestKey(scope=scope, key=name, digest=digest)


def open_shop(url: str, clock: Clock, **capacities: int) -> Ledger:
    """A ledger with a saw and whatever else is named, on DAY."""
    ledger = open_ledger(url, patience=30.0, clock=clock, new_id=Ids())
    stated = {"saw": 10} | capacities
    ledger.set_capacity([(name, DAY, amount) for name, amount in stated.items()], actor="planner")
    return ledger


def stands(ledger: Ledger, resource_id: str = "saw") -> tuple[int, int, int]:
    """Free, held and committed on DAY, once all of the ledger adds up."""
    assert ledger.miscounted() == []
    [found] = ledger.free(resource_id, [DAY])
    assert found.free + found.held + found.committed == found.amount
    return found.free, found.held, found.committed
