"""What goes into the ledger and comes out of it: whole numbers, exact money, checked ids."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from data.errors import OrderRefused
from data.ledger.states import State

MILLI: Final = 1_000
"""Amounts of capacity are whole thousandths of the resource's unit, so that sums are exact."""

MOST_AMOUNT: Final = 10**15
MOST_QUANTITY: Final = 1_000_000
MOST_LINES: Final = 200
MOST_NEEDS: Final = 1_000
"""Resources and days that one order may take."""

MOST_CHOICES: Final = 1_000
LONGEST_ID: Final = 200
LONGEST_REASON: Final = 500
LONGEST_HOLD: Final = timedelta(days=30)

_PRICE: Final = re.compile(r"(0|[1-9]\d{0,11})(\.\d{1,6})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")

Slot = tuple[str, date]
"""A resource on a day: what capacity is kept by."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Need:
    """What a line takes of a resource on a day.

    Attributes:
        resource_id: which resource.
        day: when.
        amount: for all the line's units together, in thousandths of the resource's unit.

    Raises:
        OrderRefused: a bad id, or an amount out of bounds.
    """

    resource_id: str
    day: date
    amount: int

    def __post_init__(self) -> None:
        check_id("resource_id", self.resource_id)
        check_whole("amount", self.amount, 1, MOST_AMOUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an order: a variant, or a style as configured.

    Attributes:
        variant_id: what, where it is a variant.
        style_id: what, where it is configured.
        configuration: the choices, as the model of the style names them; opaque here.
        quantity: units.
        price: of all the line's units together, an exact decimal as text in the order's currency.
        needs: what the whole line takes; needs of one resource and day are summed, and sorted.

    Raises:
        OrderRefused: no product, or a field out of bounds.
    """

    variant_id: str | None = None
    style_id: str | None = None
    configuration: tuple[str, ...] = ()
    quantity: int
    price: str
    needs: tuple[Need, ...] = ()

    def __post_init__(self) -> None:
        if self.variant_id is None and self.style_id is None:
            raise OrderRefused(
                "A line names no product.",
                where="variant_id",
                fix="Name a variant, or a style and its configuration.",
            )
        for name in ("variant_id", "style_id"):
            if (given := getattr(self, name)) is not None:
                check_id(name, given)
        _check_number_of("configuration", len(self.configuration), MOST_CHOICES)
        for choice in self.configuration:
            check_id("configuration", choice)
        check_whole("quantity", self.quantity, 1, MOST_QUANTITY)
        if not _PRICE.fullmatch(self.price):
            raise OrderRefused(
                f"{self.price[:40]!a} is no price.",
                where="price",
                fix="Write a decimal of at least 0, such as '19.90', with at most six decimals.",
            )
        summed = (
            Need(resource_id=resource_id, day=day, amount=amount)
            for (resource_id, day), amount in summed_needs(self.needs).items()
        )
        object.__setattr__(self, "needs", tuple(summed))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order to hold capacity for.

    Attributes:
        lines: at least one.
        hold_for: how long capacity is kept before the order must be confirmed.
        currency: three letters (ISO 4217).
        customer_id: opaque; None for a guest.
        promised_on: the day by which it is promised to be shipped, if it is.

    Raises:
        OrderRefused: no lines, too many, a bad id or currency, or a hold past its limit.
    """

    lines: tuple[Line, ...]
    hold_for: timedelta
    currency: str
    customer_id: str | None = None
    promised_on: date | None = None

    def __post_init__(self) -> None:
        check_lines(self.lines)
        if self.customer_id is not None:
            check_id("customer_id", self.customer_id)
        if not timedelta(0) < self.hold_for <= LONGEST_HOLD:
            raise OrderRefused(
                f"A hold lasts longer than no time, and at most {LONGEST_HOLD.days} days.",
                where="hold_for",
                fix="Ask for a shorter hold, and confirm within it.",
            )
        if not _CURRENCY.fullmatch(self.currency):
            raise OrderRefused(
                f"{self.currency[:40]!a} is no currency.",
                where="currency",
                fix="Write three capital letters, such as EUR.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """An order whose work has no days yet: they are found in what is free as it is held.

    Attributes:
        place: its lines, given resource, day and thousandths free; raises OutOfCapacity where
            they do not fit. It is called within the transaction, on rows that nobody else changes
            meanwhile.
        resource_ids: what it may take of, from `since` to `until`.
        stock_ids: what it may take of on any day to `until`.
        since: the first day of work.
        until: the last.
        hold_for: how long capacity is kept before the order must be confirmed.
        currency: three letters (ISO 4217).
        customer_id: opaque; None for a guest.
        promised_on: the day by which it is promised to be shipped, if it is.
    """

    place: Callable[[Sequence[tuple[str, date, int]]], tuple[Line, ...]]
    resource_ids: tuple[str, ...]
    stock_ids: tuple[str, ...]
    since: date
    until: date
    hold_for: timedelta
    currency: str
    customer_id: str | None = None
    promised_on: date | None = None

    def with_lines(self, lines: tuple[Line, ...]) -> NewOrder:
        """The order once its days are found; OrderRefused as of `NewOrder`."""
        return NewOrder(
            lines=lines,
            hold_for=self.hold_for,
            currency=self.currency,
            customer_id=self.customer_id,
            promised_on=self.promised_on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as the ledger holds it.

    Attributes:
        order_id: 128 random bits, in hexadecimal.
        customer_id: opaque; None for a guest.
        state: where in its life it is.
        version: 1 when held, one more at each step; a step names the version it was made for.
        currency: of the lines' prices.
        made_at: when it was held (UTC).
        changed_at: when the last step was taken (UTC).
        expires_at: until when it is held (UTC).
        reason: why it was returned or cancelled; may be empty.
        promised_on: by when it is promised to be shipped, if it is.
        shipped_on: when it was shipped, if it was: the day on the shop's clock.
        lines: what was ordered, and what it takes.
    """

    order_id: str
    customer_id: str | None
    state: State
    version: int
    currency: str
    made_at: datetime
    changed_at: datetime
    expires_at: datetime
    reason: str
    promised_on: date | None
    shipped_on: date | None
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        """What all lines cost, exactly.

        >>> from datetime import UTC, datetime
        >>> at = datetime(2026, 1, 1, tzinfo=UTC)
        >>> lines = (Line(variant_id="A", quantity=3, price="0.30"),) * 2
        >>> Order(order_id="1", customer_id=None, state="held", version=1, currency="EUR",
        ...       made_at=at, changed_at=at, expires_at=at, reason="", promised_on=None,
        ...       shipped_on=None, lines=lines).total
        Decimal('0.60')
        """
        return sum((Decimal(line.price) for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a step answers; the same step asked again under the same key answers the same.

    Attributes:
        order_id: which order.
        state: its state after the step.
        version: what the next step has to name.
        expires_at: until when it is held (UTC).
        replayed: whether the answer was stored by an earlier request of the same key.
    """

    order_id: str
    state: State
    version: int
    expires_at: datetime
    replayed: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """By what a request is known when it is sent again.

    Attributes:
        scope: id of the API key that asks; keys of different scopes never meet. It is also who
            the audit names.
        key: the Idempotency-Key.
        digest: of the request's body; another one under the same key is refused.

    Raises:
        OrderRefused: one of them is blank, too long or unprintable.
    """

    scope: str
    key: str
    digest: str

    def __post_init__(self) -> None:
        for name in ("scope", "key", "digest"):
            check_id(name, getattr(self, name))

    def digest_of(self, step: str, order_id: str, version: int | None) -> str:
        """Of what is asked for as a whole: bodies of two steps may be alike."""
        text = f"{step}\n{order_id}\n{version}\n{self.digest}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """A resource on a day, in thousandths of its unit; `amount` = free + held + committed."""

    resource_id: str
    day: date
    amount: int
    free: int
    held: int
    committed: int


def summed_needs(needs: Iterable[Need]) -> dict[Slot, int]:
    """What is needed of each resource and day in all, in their order.

    >>> two = [Need(resource_id="saw", day=date(2026, 1, 5), amount=500)] * 2
    >>> summed_needs(two)
    {('saw', datetime.date(2026, 1, 5)): 1000}
    """
    total: defaultdict[Slot, int] = defaultdict(int)
    for need in needs:
        total[need.resource_id, need.day] += need.amount
    return dict(sorted(total.items()))


def needs_of(lines: Iterable[Line]) -> dict[Slot, int]:
    """What lines take together: those that share a resource and day are summed."""
    return summed_needs(need for line in lines for need in line.needs)


def less(needs: Mapping[Slot, int], already: Mapping[Slot, int]) -> dict[Slot, int]:
    """By how much needs rise (or, below 0, fall) over others, in the order of resource and day."""
    slots = sorted(needs.keys() | already.keys())
    rise = {slot: needs.get(slot, 0) - already.get(slot, 0) for slot in slots}
    return {slot: amount for slot, amount in rise.items() if amount}


def check_lines(lines: tuple[Line, ...]) -> None:
    """Refuse no lines, more than an order may have, or more needs."""
    if not lines:
        raise OrderRefused("An order needs a line.", where="lines", fix="Send at least one.")
    _check_number_of("lines", len(lines), MOST_LINES)
    needs = needs_of(lines)
    _check_number_of("needs", len(needs), MOST_NEEDS)
    check_whole("amount", max(needs.values(), default=0), 0, MOST_AMOUNT)


def check_id(name: str, text: str) -> None:
    """Refuse an id that a table or a database could not hold as it is."""
    if not text.strip() or len(text) > LONGEST_ID or not text.isprintable():
        raise OrderRefused(
            f"{text[:40]!a} is no id.",
            where=name,
            fix=f"Send 1 to {LONGEST_ID} printable characters, not only blanks.",
        )


def check_reason(text: str) -> None:
    """Refuse a reason that is too long or unprintable."""
    if len(text) > LONGEST_REASON or not (text.isprintable()):
        raise OrderRefused(
            f"{text[:40]!a} is no reason.",
            where="reason",
            fix=f"Send at most {LONGEST_REASON} printable characters.",
        )


def check_whole(name: str, value: int, least: int, most: int) -> None:
    """Refuse what is no whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise OrderRefused(
            f"This is no whole number from {least:,} to {most:,}.",
            where=name,
            fix="Send a whole number within these bounds.",
        )


def _check_number_of(name: str, number: int, most: int) -> None:
    if number > most:
        raise OrderRefused(
            f"{number:,} {name} are too many.", where=name, fix=f"Send at most {most:,}."
        )
