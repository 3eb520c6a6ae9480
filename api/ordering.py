"""Quotes and orders of a workspace: priced, promised, held, and kept to what was said."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from api.live import local_time
from api.products import Products
from api.scarcity import Scarcity
from api.settings import Settings
from data.errors import OutOfCapacity, UnknownQuote
from data.ledger import Ledger, Line, OpenOrder, Receipt, RequestKey
from data.ledger.ledger import random_id
from data.ledger.quotes import KeptQuote, keep, read
from data.workspace import Workspace
from production.errors import NoPromise
from production.promise.calendar import MATERIAL, Calendar
from production.promise.lateness import LATEST_ORDERS, Reliability, reliability
from production.promise.promise import Work, earliest, needs_by, promise
from production.promise.quoting import Asked, Quote, QuotedLine, quote, quoted_line

SECONDS_BETWEEN_LOOKS: Final = 60.0
"""Past lateness moves by one shipped order at a time: it is read again so often at most."""


NEAR_DAYS: Final = 42
"""Most promises lie within: reading half a year for each would take longer than all the rest."""

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """One line as somebody asks for it."""

    style_id: str
    choices: tuple[str, ...]
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A quote as it was given.

    Attributes:
        quote_id: by which it is ordered.
        expires_at: until when it counts (UTC).
        quote: what is offered.
        reliability: how past promises were kept; None where nothing was shipped yet.
    """

    quote_id: str
    expires_at: datetime
    quote: Quote
    reliability: Reliability | None


@dataclass(slots=True)
class Ordering:
    """Quotes and holds; safe to share between threads.

    Attributes:
        workspace: whose plan says what capacity is worth.
        products: what can be ordered.
        ledger: where capacity and orders are.
        settings: how long quotes and holds last, and the shop's time zone.
        clock: what time it is, with an offset.
    """

    workspace: Workspace
    products: Products
    ledger: Ledger
    settings: Settings
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _scarcity: Scarcity = field(init=False)
    _reliability: tuple[float, Reliability | None] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._scarcity = Scarcity(self.workspace, self.settings.promise.scarcity)

    def offer(self, lines: Sequence[AskedLine]) -> Offer:
        """Quote an order, and keep the quote.

        Raises:
            UnknownProduct, QuoteRefused, NoPromise, BadChoice, BadOptions, PriceRefused: see
                `quote`; `where` names the line.
            StoreError: the store is away, busy, full or read-only.
        """
        found = self.quote(lines)
        now = self.clock()
        ends = now + timedelta(minutes=self.settings.promise.quote_minutes)
        kept = KeptQuote(quote_id=random_id(), expires_at=ends, body=json.dumps(_written(found)))
        keep(self.ledger.database, kept, now)
        return Offer(
            quote_id=kept.quote_id,
            expires_at=ends,
            quote=found,
            reliability=self.reliability(),
        )

    def quote(self, lines: Sequence[AskedLine]) -> Quote:
        """What an order would cost, and when it could be had; errors as of `offer`."""
        asked = [
            Asked(
                style_id=line.style_id,
                product=self.products.product(line.style_id),
                choices=line.choices,
                quantity=line.quantity,
            )
            for line in lines
        ]
        today, prices = self.today(), self._scarcity.prices()
        return self._promised(asked, today, lambda calendar: quote(asked, calendar, today, prices))

    def preview(self, line: AskedLine) -> tuple[QuotedLine, date | None]:
        """What one line would be quoted at, and by when; None where no day can be promised.

        It looks for nothing that would be sooner, and is not kept. Errors as of `offer`, but for
        NoPromise.
        """
        product, today = self.products.product(line.style_id), self.today()
        asked = Asked(
            style_id=line.style_id,
            product=product,
            choices=line.choices,
            quantity=line.quantity,
        )
        quoted = quoted_line(asked, 0, self._scarcity.prices())
        day: date | None
        try:
            day, _ = self._promised(
                [asked], today, lambda calendar: earliest(calendar, [quoted.work], today)
            )
        except NoPromise:
            day = None
        return quoted, day

    def hold_quote(
        self, quote_id: str, *, customer_id: str | None, hold_for: timedelta, request: RequestKey
    ) -> Receipt:
        """Hold capacity for what was quoted, on any days that keep the promise.

        Raises:
            UnknownQuote: there is no such quote, or it has ended.
            OutOfCapacity: the promise cannot be kept any more, or its day is over.
            LedgerError: see `Ledger.hold`.
        """
        try:
            body = json.loads(read(self.ledger.database, quote_id, self.clock()).body)
        except UnknownQuote:
            # A request that is sent again gets its answer, however long ago the quote ended.
            if (before := self.ledger.held_before(request)) is not None:
                return before
            raise
        return self._hold(body, customer_id, hold_for, request)

    def hold_lines(
        self,
        lines: Sequence[AskedLine],
        *,
        customer_id: str | None,
        hold_for: timedelta,
        request: RequestKey,
    ) -> Receipt:
        """Quote and hold in one; errors as of `quote` and `hold_quote`."""
        if (before := self.ledger.held_before(request)) is not None:
            return before
        return self._hold(_written(self.quote(lines)), customer_id, hold_for, request)

    def today(self) -> date:
        """The day on the shop's clock."""
        return local_time(self.clock(), self.settings.timezone).date()

    def reliability(self) -> Reliability | None:
        """How past promises were kept."""
        held, now = self._reliability, time.monotonic()
        if held is None or now - held[0] > SECONDS_BETWEEN_LOOKS:
            held = now, reliability(self.ledger.lateness(LATEST_ORDERS))
            self._reliability = held
        return held[1]

    def _promised(
        self, asked: Sequence[Asked], today: date, find: Callable[[Calendar], Found]
    ) -> Found:
        """What is found in the days near at hand, or else in all that a promise may lie in."""
        options = [one.product.options for one in asked if one.product.options is not None]
        resources = sorted({name for one in options for name in one.named("usage")})
        materials = sorted({MATERIAL + name for one in options for name in one.named("materials")})

        def calendar(days: int) -> Calendar:
            until = today + timedelta(days=days)
            return Calendar.of(self.ledger.free_since(resources, materials, today, until))

        far = self.settings.promise.days_ahead
        if far > NEAR_DAYS:
            with suppress(NoPromise):
                return find(calendar(NEAR_DAYS))
        return find(calendar(far))

    def _hold(
        self,
        body: dict[str, Any],
        customer_id: str | None,
        hold_for: timedelta,
        request: RequestKey,
    ) -> Receipt:
        today, promised = self.today(), date.fromisoformat(body["promised_on"])
        lines = body["lines"]
        # The lead time was promised as it stands: only capacity can have gone since.
        works = [Work(takes=line["takes"], lead_time_days=0) for line in lines]
        named = sorted({name for work in works for name in work.takes})

        def place(free: Sequence[tuple[str, date, int]]) -> tuple[Line, ...]:
            return tuple(
                Line(
                    style_id=line["style_id"],
                    configuration=tuple(line["choices"]),
                    quantity=line["quantity"],
                    price=line["total"],
                    needs=needs,
                )
                for line, needs in zip(
                    lines, _needs(Calendar.of(free), works, today, promised), strict=True
                )
            )

        order = OpenOrder(
            place=place,
            resource_ids=tuple(name for name in named if not name.startswith(MATERIAL)),
            stock_ids=tuple(name for name in named if name.startswith(MATERIAL)),
            since=today,
            until=promised,
            hold_for=hold_for,
            currency=body["currency"],
            customer_id=customer_id,
            promised_on=promised,
        )
        return self.ledger.hold(order, request=request)


def _needs(calendar: Calendar, works: Sequence[Work], today: date, promised: date) -> Any:
    """What is taken of which day, so that the promise is kept; OutOfCapacity where it cannot be."""
    if promised < today:  # a quote may outlive the day that it promises
        raise OutOfCapacity(
            f"Its promised day is over: it was {promised}.",
            where="promised_on",
            fix="Ask for a new quote.",
        )
    try:
        found = promise(calendar, works, today)
    except NoPromise as error:
        raise OutOfCapacity(
            f"The promise of {promised} cannot be kept any more: {error.what}",
            where=error.where,
            fix="Ask for a new quote.",
        ) from error
    if found.day > promised:  # it is asked for rows up to the promised day only
        raise AssertionError("a promise lies beyond the days that were asked for")
    return needs_by(calendar, works, today, promised)


def _written(found: Quote) -> dict[str, Any]:
    """What must be known of a quote to hold it."""
    return {
        "currency": found.currency,
        "promised_on": found.promise.day.isoformat(),
        "lines": [
            {
                "style_id": line.style_id,
                "choices": line.choices,
                "quantity": line.quantity,
                "total": money(line.price.total),
                "takes": dict(line.work.takes),
            }
            for line in found.lines
        ],
    }


def money(amount: Decimal) -> str:
    """A sum of money as the ledger and the API write it.

    >>> money(Decimal("1E+2"))
    '100'
    """
    return f"{amount:f}"
