"""Capable to promise: the earliest day by which all of an order can be made, and what it takes.

Work may be done on any days from today to the day of the promise, that included, as far as each has
capacity free; a material that is there one day is there on all later ones. The earliest day is the
latest of those on which the lead time is over, each resource has been free for long enough, and
each material is in: capable-to-promise as the APICS Dictionary has it, against cumulative supply.
O(rows log rows) an order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from data.ledger.terms import Need
from production.errors import NoPromise
from production.promise.calendar import MATERIAL, Calendar, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one line of an order asks for.

    Attributes:
        takes: thousandths of each resource, and of each material under `material:NAME`; above 0.
        lead_time_days: days from the order to shipping, however much is free.
    """

    takes: Mapping[str, int]
    lead_time_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A day, and what must be kept for it.

    Attributes:
        day: by when all lines are ready to be shipped.
        needs: what each line takes of which resource on which day.
        waits_for: the resource or material without which it would be sooner; None where it is the
            lead time.
    """

    day: date
    needs: tuple[tuple[Need, ...], ...]
    waits_for: str | None


def promise(calendar: Calendar, lines: Sequence[Work], today: date) -> Promise:
    """The earliest day for all lines of an order together, and what it takes, see `needs_by`.

    A material of which nothing was ever stated does not limit.

    Args:
        calendar: what is free, commitments taken off.
        lines: what each takes.
        today: the day of the order.

    Raises:
        NoPromise: nothing is known of a resource, or too little is free on all days stated.
    """
    day, waits_for = earliest(calendar, lines, today)
    return Promise(day=day, needs=needs_by(calendar, lines, today, day), waits_for=waits_for)


def earliest(calendar: Calendar, lines: Sequence[Work], today: date) -> tuple[date, str | None]:
    """The day of a promise, and what it waits for; errors as of `promise`."""
    wanted: dict[str, int] = {}
    for line in lines:
        for resource_id, amount in line.takes.items():
            wanted[resource_id] = wanted.get(resource_id, 0) + amount
    begin = today.toordinal()
    day = begin + max(line.lead_time_days for line in lines)
    waits_for = None
    for resource_id, amount in sorted(wanted.items()):
        ready = _ready(calendar, resource_id, amount, begin)
        if ready > day:
            day, waits_for = ready, resource_id
    return date.fromordinal(day), waits_for


def needs_by(
    calendar: Calendar, lines: Sequence[Work], today: date, day: date
) -> tuple[tuple[Need, ...], ...]:
    """What each line takes of which day, up to one by which there is enough.

    Work is put as late as that day allows, so that days near at hand stay free for orders that need
    them; of materials the oldest are taken first. Less than is asked for where there is less.
    """
    left: dict[str, Rows] = {}
    found = []
    for line in lines:
        needs = []
        for resource_id, amount in sorted(line.takes.items()):
            rows = left.get(resource_id) or calendar.of_use(resource_id, today.toordinal())
            if rows is None:
                continue  # a material that nobody counts
            late = not resource_id.startswith(MATERIAL)
            taken = _taken(rows.before(day.toordinal()), amount, late=late)
            left[resource_id] = rows.less(taken)
            needs += [
                Need(resource_id=resource_id, day=date.fromordinal(when), amount=some)
                for when, some in taken.items()
            ]
        found.append(tuple(needs))
    return tuple(found)


def free_by(calendar: Calendar, resource_id: str, today: date, day: date) -> int | None:
    """Thousandths that are free up to a day; None where nothing limits."""
    rows = calendar.of_use(resource_id, today.toordinal())
    return None if rows is None else int(rows.before(day.toordinal()).free.sum())


def most_by(calendar: Calendar, work: Work, today: date, day: date) -> float:
    """How much of some work fits until a day, as a share: 1 where all of it does, or more.

    It is of work that grows with the quantity; what is taken once a line makes it a lower bound.
    """
    shares = [1.0]
    for resource_id, amount in work.takes.items():
        rows = calendar.of_use(resource_id, today.toordinal())
        if rows is not None:
            shares.append(float(rows.before(day.toordinal()).free.sum()) / amount)
    return min(shares)


def _ready(calendar: Calendar, resource_id: str, amount: int, today: int) -> int:
    """The first day by which so much of a resource has been free."""
    rows = calendar.of_use(resource_id, today)
    if rows is None:
        if resource_id.startswith(MATERIAL):
            return today
        raise NoPromise(
            f"Nobody has said how much there is of '{resource_id}'.",
            where=resource_id,
            fix="State its capacity by day (atelier orders capacity), then quote again.",
        )
    supply = np.cumsum(rows.free)
    place = int(np.searchsorted(supply, amount))
    if place == len(supply):
        there = int(supply[-1]) if len(supply) else 0
        until = f" up to {date.fromordinal(int(rows.days[-1]))}" if len(supply) else ""
        raise NoPromise(
            f"{amount / 1000:g} of '{resource_id}' is needed, {there / 1000:g} is free{until}.",
            where=resource_id,
            fix="Order fewer units, or state capacity of later days.",
        )
    return max(today, int(rows.days[place]))


def _taken(rows: Rows, amount: int, *, late: bool) -> dict[int, int]:
    """An amount taken from the latest days that have it free, or from the earliest; by day."""
    order = slice(None, None, -1) if late else slice(None)
    free, days = rows.free[order], rows.days[order]
    before = np.cumsum(free) - free
    some = np.clip(amount - before, 0, free)
    return {int(day): int(part) for day, part in zip(days, some, strict=True) if part}
