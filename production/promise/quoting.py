"""A quote: what an order costs, by when it can be had, and what would be had sooner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from itertools import islice
from typing import Final

from data.ledger.terms import MILLI
from production.configuration.options import Effect, OptionExtra
from production.configuration.pricing import Item, Price
from production.configuration.product import Clash, Product
from production.configuration.undecided import Undecided, undecided
from production.errors import NoPromise, PriceRefused, QuoteRefused
from production.promise.calendar import MATERIAL, Calendar
from production.promise.promise import Promise, Work, earliest, free_by, promise

MOST_TRIED: Final = 12
"""Choices of an order that are left out in turn, to see what that would win."""

MOST_ALTERNATIVES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One line as it is asked for: a product, what was chosen of it, and units."""

    style_id: str
    product: Product
    choices: tuple[str, ...]
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedLine:
    """One line with its price, and what it asks for."""

    style_id: str
    choices: tuple[str, ...]
    quantity: int
    price: Price
    work: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """What would be had sooner.

    Attributes:
        line: which line is changed.
        without: the choice that is left out; None where only fewer units are asked for.
        quantity: units of the line.
        day: by when.
        days_sooner: than the quote.
        total: of the whole order, in its currency.
    """

    line: int
    without: str | None
    quantity: int
    day: date
    days_sooner: int
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer.

    Attributes:
        currency: ISO 4217.
        lines: each priced.
        total: of them all.
        promise: by when, and what must be kept for it.
        alternatives: what would be sooner, the most first.
    """

    currency: str
    lines: tuple[QuotedLine, ...]
    total: Decimal
    promise: Promise
    alternatives: tuple[Alternative, ...]


def quote(
    asked: Sequence[Asked],
    calendar: Calendar,
    today: date,
    scarcity: Mapping[str, Decimal] | None = None,
) -> Quote:
    """An offer for an order.

    Args:
        asked: its lines, one at least.
        calendar: what is free.
        today: the day of the order.
        scarcity: what a unit of a resource costs besides, because others want it too.

    Raises:
        QuoteRefused: choices that cannot be had together or leave something open, or lines of
            several currencies.
        NoPromise: no day has the capacity.
        BadChoice, BadOptions, PriceRefused: see `Product`.
    """
    lines = [quoted_line(one, place, scarcity or {}) for place, one in enumerate(asked)]
    currencies = sorted({line.price.currency for line in lines})
    if len(currencies) > 1:
        raise QuoteRefused(
            f"The lines are priced in {' and '.join(currencies)}.",
            where="lines",
            fix="Order products of one currency at a time.",
        )
    found = promise(calendar, [line.work for line in lines], today)
    sooner = _Sooner(
        asked=asked,
        lines=lines,
        calendar=calendar,
        today=today,
        found=found,
        scarcity=scarcity or {},
    )
    best = sorted(sooner.all(), key=lambda one: (one.day, one.line, one.without or ""))
    return Quote(
        currency=currencies[0],
        lines=tuple(lines),
        total=_total(lines),
        promise=found,
        alternatives=tuple(best[:MOST_ALTERNATIVES]),
    )


def quoted_line(asked: Asked, place: int, scarcity: Mapping[str, Decimal]) -> QuotedLine:
    """One line, priced; errors as of `quote`."""
    product = asked.product
    choices = product.choices(asked.choices)
    state = product.state(choices)
    if state.clash is not None:
        raise _impossible(state.clash, place)
    if open_ones := undecided(product.model, state, choices):
        raise _undecided(open_ones, place)
    whole = product.complete(choices)
    takes = {
        **{name: _milli(some) for name, some in product.usage_of(whole, asked.quantity).items()},
        **{
            MATERIAL + name: _milli(some)
            for name, some in product.materials_of(whole, asked.quantity).items()
        },
    }
    price = product.price(whole, asked.quantity)
    return QuotedLine(
        style_id=asked.style_id,
        choices=asked.choices,
        quantity=asked.quantity,
        price=_with_scarcity(price, takes, scarcity),
        work=Work(takes=takes, lead_time_days=product.lead_time_days(whole)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sooner:
    """Looks for what would be had sooner than on the day that was found."""

    asked: Sequence[Asked]
    lines: Sequence[QuotedLine]
    calendar: Calendar
    today: date
    found: Promise
    scarcity: Mapping[str, Decimal]

    def all(self) -> Iterator[Alternative]:
        """Each line without one of its choices, or of fewer units, where that is sooner."""
        tried = (
            (place, choice)
            for place, one in enumerate(self.asked)
            for choice in one.choices
            if not choice.startswith("!") and self._delays(one.product, choice)
        )
        seen = set()
        for place, choice in islice(tried, MOST_TRIED):
            less = _without(self.asked[place], choice)
            if (left := (place, less.choices[:-1])) not in seen:
                seen.add(left)
                yield from self._if_sooner(place, less, choice)
        yield from self._fewer()

    def _delays(self, product: Product, choice: str) -> bool:
        """Whether a choice, alone or with others, has a part in what the order waits for."""
        options, waits_for = product.options, self.found.waits_for
        if options is None:
            return False
        extras = options.extras_of(choice.partition("=")[0])
        if waits_for is None:
            return any(extra.lead_time_days for extra in extras)
        kind = "materials" if waits_for.startswith(MATERIAL) else "usage"
        name = waits_for.removeprefix(MATERIAL)
        effects: list[Effect] = [*extras, *(extra.once for extra in extras)]
        effects += [extra.each for extra in extras if isinstance(extra, OptionExtra)]
        return any(name in getattr(effect, kind) for effect in effects)

    def _fewer(self) -> Iterator[Alternative]:
        """As many units as can be had by the lead time, of an order of one line."""
        waits = self.found.waits_for is not None
        if not waits or len(self.lines) != 1 or self.asked[0].quantity == 1:
            return
        [one], [line] = self.asked, self.lines
        soonest = date.fromordinal(self.today.toordinal() + line.work.lead_time_days)
        try:
            single = quoted_line(replace(one, quantity=1), 0, self.scarcity).work.takes
        except (QuoteRefused, PriceRefused):
            return
        quantity = one.quantity
        for resource_id, amount in line.work.takes.items():
            first = single.get(resource_id, 0)  # once a line, and one unit's
            each = (amount - first) / (one.quantity - 1)
            free = free_by(self.calendar, resource_id, self.today, soonest)
            if free is not None and each > 0:
                quantity = min(quantity, 1 + int((free - first) // each))
        if 1 <= quantity < one.quantity:
            yield from self._if_sooner(0, replace(one, quantity=quantity), None)

    def _if_sooner(self, place: int, changed: Asked, without: str | None) -> Iterator[Alternative]:
        try:
            line = quoted_line(changed, place, self.scarcity)
            lines = [*self.lines[:place], line, *self.lines[place + 1 :]]
            day, _ = earliest(self.calendar, [one.work for one in lines], self.today)
        except (QuoteRefused, PriceRefused, NoPromise):
            return  # what nobody asked for cannot be had alone
        if day < self.found.day:
            yield Alternative(
                line=place,
                without=without,
                quantity=changed.quantity,
                day=day,
                days_sooner=(self.found.day - day).days,
                total=_total(lines),
            )


def _without(asked: Asked, choice: str) -> Asked:
    """A line without one of its choices, nor those that need it; that it is off is said last."""
    name = choice.partition("=")[0]
    off = asked.product.state(asked.product.choices((f"!{name}",))).forced_off
    gone = {name, *off}
    rest = (one for one in asked.choices if one.partition("=")[0] not in gone)
    return replace(asked, choices=(*rest, f"!{name}"))


def _with_scarcity(
    price: Price, takes: Mapping[str, int], scarcity: Mapping[str, Decimal]
) -> Price:
    """What scarce capacity costs, item by item, besides the rest."""
    exact = Decimal(1).scaleb(price.total.as_tuple().exponent)  # type: ignore[arg-type]  # finite
    items = [
        Item(
            what=f"capacity: {resource_id}",
            unit=None,
            amount=(takes[resource_id] * scarcity[resource_id] / MILLI).quantize(
                exact, ROUND_HALF_UP
            ),
        )
        for resource_id in sorted(takes.keys() & scarcity.keys())
    ]
    items = [item for item in items if item.amount]
    total = price.total + sum((item.amount for item in items), Decimal(0))
    return replace(price, items=(*price.items, *items), total=total)


def _total(lines: Sequence[QuotedLine]) -> Decimal:
    return sum((line.price.total for line in lines), Decimal(0))


def _milli(amount: Decimal) -> int:
    """Whole thousandths, rounded up: capacity is never short of the work.

    >>> _milli(Decimal("0.1561")), _milli(Decimal(2))
    (157, 2000)
    """
    return int((amount * MILLI).to_integral_value(ROUND_CEILING))


def _impossible(clash: Clash, place: int) -> QuoteRefused:
    withdraw = " or ".join(" and ".join(change) for change in clash.changes[:3])
    return QuoteRefused(
        f"No configuration has {', '.join(clash.choices)} together.",
        where=f"lines.{place}.choices",
        fix=f"Withdraw {withdraw}." if withdraw else "Withdraw some of them.",
    )


def _undecided(questions: Sequence[Undecided], place: int) -> QuoteRefused:
    named = ", ".join(question.option for question in questions[:5])
    more = f" and {len(questions) - 5} more" if len(questions) > 5 else ""
    return QuoteRefused(
        f"It is still to be chosen: {named}{more}.",
        where=f"lines.{place}.choices",
        fix="Choose, then quote again.",
    )
