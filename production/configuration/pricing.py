"""What a configuration costs, uses and takes: itemised, in exact decimals.

Every item is its amount a unit times the quantity, rounded to the currency's decimals with halves
away from 0; the total is the sum of the rounded items, so that a bill adds up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Final

from production.configuration.configuration import Configuration
from production.configuration.options import (
    NOTHING,
    QUANTITIES,
    Base,
    Effect,
    Extra,
    OptionExtra,
    Options,
    Test,
)
from production.configuration.uvl.expressions import Comparator
from production.configuration.uvl.model import FeatureModel
from production.errors import PriceRefused

PRECISION: Final = 60
"""Digits that are reckoned with: more than the largest sum that the bounds allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a configuration that may still be open.

    Attributes:
        on: options that are certain to be in.
        off: options that are certain not to be.
        numbers: numbers and instances that are certain.
    """

    on: frozenset[str]
    off: frozenset[str]
    numbers: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a price.

    Attributes:
        what: "base", an option, a combination, "quantity" or "margin".
        unit: for one unit; None for what is added once or reckoned on the whole.
        amount: for all, rounded.
    """

    what: str
    unit: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """An itemised price.

    Attributes:
        currency: ISO 4217.
        quantity: units.
        items: their amounts add up to the total.
        total: for all units.
        cost: what they cost to make, as far as the file says.
        numbers_open: options in it whose number is not chosen yet, so not priced by number.
    """

    currency: str
    quantity: int
    items: tuple[Item, ...]
    total: Decimal
    cost: Decimal
    numbers_open: tuple[str, ...]


def known_of(configuration: Configuration, model: FeatureModel) -> Known:
    """All of a whole configuration."""
    numbers = {
        name: Fraction(value)
        for name, value in configuration.values.items()
        if not isinstance(value, str)
    }
    return Known(
        on=configuration.selected,
        off=frozenset(model.place) - configuration.selected,
        numbers=numbers | {name: Fraction(n) for name, n in configuration.instances.items()},
    )


def price_of(options: Options, known: Known, quantity: int = 1) -> Price:
    """The price of so many units of what is known.

    Raises:
        PriceRefused: a rule makes it negative, or the quantity is out of bounds.
    """
    check_quantity(quantity)
    with localcontext(prec=PRECISION):
        return _priced(options, known, quantity)


def _priced(options: Options, known: Known, quantity: int) -> Price:
    items: list[Item] = []
    running, cost = Decimal(0), Decimal(0)
    for what, effect, times in _effects(options, known):
        unit = effect.price * times
        once = _once(effect).price
        running += unit * quantity + once
        cost += effect.cost * times * quantity + _once(effect).cost
        if running < 0:
            raise PriceRefused(
                f"'{what}' would make the price negative ({running} {options.currency}).",
                where="price",
                fix="Raise the base price, or take less off.",
            )
        if unit:
            items.append(Item(what=what, unit=unit, amount=_money(unit * quantity, options)))
        if once:
            items.append(Item(what=f"{what} (once)", unit=None, amount=_money(once, options)))
    total = sum((item.amount for item in items), Decimal(0))
    for what, amount in _on_the_whole(options, quantity, total, cost):
        items.append(Item(what=what, unit=None, amount=amount))
        total += amount
    return Price(
        currency=options.currency,
        quantity=quantity,
        items=tuple(items),
        total=total.quantize(Decimal(1).scaleb(-options.decimals)),
        cost=cost,
        numbers_open=tuple(sorted(_open_numbers(options, known))),
    )


def lead_time_of(options: Options, known: Known) -> int:
    """Days from order to shipping: the base's, and all or the longest of the options'.

    Raises:
        PriceRefused: they come to less than none.
    """
    days = [extra.lead_time_days for _, extra in _extras(options, known)]
    more = sum(days) if options.lead_time == "sum" else max([0, *days])
    total = options.base.lead_time_days + more
    if total < 0:
        raise PriceRefused(
            f"The lead time would be {total} days.",
            where="lead time",
            fix="Raise the base's days, or take less off.",
        )
    return total


def usage_of(options: Options, known: Known, quantity: int = 1) -> dict[str, Decimal]:
    """What so many units take of each resource, by name ascending.

    Raises:
        PriceRefused: an amount is negative, or the quantity is out of bounds.
    """
    return _amounts(options, known, quantity, "usage")


def materials_of(options: Options, known: Known, quantity: int = 1) -> dict[str, Decimal]:
    """The bill of materials of so many units, by name ascending.

    Raises:
        PriceRefused: an amount is negative, or the quantity is out of bounds.
    """
    return _amounts(options, known, quantity, "materials")


def _amounts(options: Options, known: Known, quantity: int, kind: str) -> dict[str, Decimal]:
    check_quantity(quantity)
    total: dict[str, Decimal] = {}
    with localcontext(prec=PRECISION):
        for _, effect, times in _effects(options, known):
            for name, amount in getattr(effect, kind).items():
                total[name] = total.get(name, Decimal(0)) + amount * times * quantity
            for name, amount in getattr(_once(effect), kind).items():
                total[name] = total.get(name, Decimal(0)) + amount
    for name, amount in total.items():
        if amount < 0:
            raise PriceRefused(
                f"It would use {amount} of '{name}'.", where=kind, fix="Take less off."
            )
    return {name: total[name] for name in sorted(total) if total[name]}


def _effects(options: Options, known: Known) -> Iterator[tuple[str, Effect, Decimal]]:
    """Everything that adds, with how often: the base, options, their numbers, combinations."""
    yield "base", options.base, Decimal(1)
    for what, extra in _extras(options, known):
        yield what, extra, Decimal(1)
        if isinstance(extra, OptionExtra) and extra.each != NOTHING and what in known.numbers:
            number = known.numbers[what]
            times = Decimal(number.numerator) / Decimal(number.denominator)
            yield f"{what} x {times.normalize():f}", extra.each, times


def _extras(options: Options, known: Known) -> Iterator[tuple[str, Extra]]:
    """What the options that are in add, then what combinations add, in the file's order."""
    for name, extra in options.options.items():
        if name in known.on:
            yield name, extra
    for combination, tests in zip(options.combinations, options.tests, strict=True):
        if all(_holds(test, known) for test in tests):
            yield combination.name or " & ".join(combination.when), combination


def _holds(test: Test, known: Known) -> bool:
    """Whether a condition certainly holds."""
    if test.comparator is None:
        return test.option in (known.on if test.on else known.off)
    if test.option not in known.on or test.option not in known.numbers:
        return False
    return _compares(test.comparator, known.numbers[test.option], Fraction(test.number))


def _compares(comparator: Comparator, one: Fraction, other: Fraction) -> bool:
    return {
        "==": one == other, "!=": one != other, "<": one < other,
        "<=": one <= other, ">": one > other, ">=": one >= other,
    }[comparator]  # fmt: skip


def _once(effect: Effect) -> Effect:
    return effect.once if isinstance(effect, Base | Extra) else NOTHING


def _on_the_whole(
    options: Options, quantity: int, total: Decimal, cost: Decimal
) -> Iterator[tuple[str, Decimal]]:
    """The discount of the quantity, and what the margin asks for after it."""
    reached = [step for step in options.quantities if step.quantity <= quantity]
    discount = _money(-total * reached[-1].percent / 100, options) if reached else Decimal(0)
    if discount:
        yield (
            f"quantity (from {reached[-1].quantity}: {reached[-1].percent.normalize():f} %)",
            discount,
        )
    least = cost / (1 - options.margin_floor)
    if total + discount < least:
        exact = Decimal(1).scaleb(-options.decimals)
        yield "margin", (least - total - discount).quantize(exact, ROUND_CEILING)


def _money(amount: Decimal, options: Options) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-options.decimals), ROUND_HALF_UP)


def _open_numbers(options: Options, known: Known) -> Iterator[str]:
    for name, extra in options.options.items():
        if name in known.on and extra.each != NOTHING and name not in known.numbers:
            yield name


def check_quantity(quantity: int) -> None:
    """Refuse a quantity that nobody can order.

    Raises:
        PriceRefused: it is below 1 or above `QUANTITIES`.
    """
    if isinstance(quantity, bool) or not 1 <= quantity <= QUANTITIES:
        raise PriceRefused(
            f"A quantity of {quantity:,}.",
            where="quantity",
            fix=f"Order 1 to {QUANTITIES:,}.",
        )
