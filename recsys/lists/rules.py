"""Rules: what may be shown in a list, and how it is moved; data only.

`recsys.lists.compiled` lays them onto a catalogue. Rules that filter all hold at once; a list
then has k variants wherever k are left.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from recsys.errors import BadRules

REGIONS: Final = "regions"
"""The attribute column that names the only regions a variant is sold in, with ';' between them;
a variant without a value there is sold in all."""

MOST_AMOUNT: Final = 100.0
"""Largest boost or bonus, in standard deviations: ten put a variant before almost any other."""

MOST_WEIGHT: Final = 5.0
"""Largest weight of a plan's bonuses, in standard deviations: beyond, only the plan orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    """Moves variants up or down in every list.

    Attributes:
        amount: what is added to a score, in standard deviations of the customer's scores over
            what may be shown, so that it means the same for every model; negative moves down.
        variant_id: the variant that it moves; exactly one of the three is given.
        style_id: or the style, all variants of it.
        attribute: or all variants whose attribute column has a value: (column, value).
        until: the last day on which it counts; without it, it has no end.
    """

    amount: float
    variant_id: str | None = None
    style_id: str | None = None
    attribute: tuple[str, str] | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            BadRules: the amount is NaN or beyond `MOST_AMOUNT`, or not exactly one target is given.
        """
        _check_amount(self.amount, "boosts.amount")
        given = (self.variant_id, self.style_id, self.attribute)
        if sum(target is not None for target in given) != 1:
            raise BadRules(
                "A boost moves either a variant, a style or an attribute's value.",
                where="boosts",
                fix="Name exactly one of variant_id, style_id and attribute.",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stock:
    """Units on hand; a variant without a row is taken as in stock.

    Two are equal only where they are the same object, so that what was compiled from one is kept
    for as long as it is used.

    Attributes:
        variants: (M,) str, variant ids.
        on_hand: (M,) float64, units; NaN where not known, which is taken as in stock.
    """

    variants: NDArray[np.object_]
    on_hand: NDArray[np.float64]

    @classmethod
    def of(cls, on_hand: Mapping[str, float]) -> Stock:
        """The stock that a mapping of variant ids to units tells."""
        return cls(
            variants=np.array(list(on_hand), dtype=object),
            on_hand=np.array(list(on_hand.values()), dtype=np.float64),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanBonus:
    """What a plan says of variants, from -1 to 1; a variant without a row has 0.

    Two are equal only where they are the same object, so that what was laid onto a catalogue is
    kept for as long as the plan holds.

    Attributes:
        variants: (M,) str, variant ids.
        amounts: (M,) float64, from -1 to 1.
    """

    variants: NDArray[np.object_]
    amounts: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            BadRules: an amount is NaN or beyond 1, or there are more or fewer than variants.
        """
        sound = self.amounts.shape == self.variants.shape and (np.abs(self.amounts) <= 1).all()
        if not sound:  # neither is a NaN
            raise BadRules(
                "A plan's bonus has an amount beyond 1, or not one for each variant.",
                where="plan",
                fix="Give one amount from -1 to 1 for each variant.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What may be shown and how it is moved. Without any, all that is on sale, by score alone.

    Attributes:
        allow: ids of the only variants that may be shown; None for all.
        deny: ids of variants that may not be shown.
        deny_styles: ids of styles of which nothing may be shown.
        stock: show only what has a unit on hand by it; None for no such rule.
        region: where the list is shown: what is sold only elsewhere (see `REGIONS`) is left out.
            Without it, the customer's own region counts where it is known.
        attributes: (column, value) pairs; a variant must have one of the values given for each
            column that is named.
        min_price: least price, in the catalogue's money; a variant without a price is left out.
        max_price: largest price, likewise.
        per_style: how many variants of one style at most; 1 collapses a list to styles, each shown
            by the variant that the customer most likely takes; None for any number.
        boosts: what is moved, see `Boost`; those that meet in a variant add up.
        bonus: an amount for each variant from outside, in the unit of `Boost.amount`: by variant
            id, or (V,) in the order of the catalogue. Two rules that differ in it alone are equal.
        plan: what a plan says of the variants. Only a customer's best candidates move by it, see
            `recsys.lists.arranging.CANDIDATES`. Rules that differ in it alone are equal.
        plan_weight: the deviations of a customer's scores that a whole amount of `plan` moves, from
            0 to `MOST_WEIGHT`; at 0, lists are what they are without a plan.
        today: the day on which the list is looked at: variants must be on sale on it, if it comes
            after the request's own day, and boosts not have ended; without it, the request's own.
    """

    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] = ()
    deny_styles: tuple[str, ...] = ()
    stock: Stock | None = None
    region: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    min_price: float | None = None
    max_price: float | None = None
    per_style: int | None = None
    boosts: tuple[Boost, ...] = ()
    bonus: Mapping[str, float] | NDArray[np.floating] | None = field(default=None, compare=False)
    plan: PlanBonus | None = field(default=None, compare=False)
    plan_weight: float = field(default=0.0, compare=False)
    today: date | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            BadRules: a price or a bonus is no finite number, the prices are the wrong way round,
                `per_style` is below 1, or `plan_weight` is out of bounds.
        """
        if not 0 <= self.plan_weight <= MOST_WEIGHT:  # neither is a NaN
            raise BadRules(
                f"The plan's weight is {self.plan_weight}.",
                where="plan_bonus",
                fix=f"Give 0 to {MOST_WEIGHT:g} standard deviations of a customer's scores.",
            )
        for name in ("min_price", "max_price"):
            price = getattr(self, name)
            if price is not None and not math.isfinite(price):
                raise BadRules(f"The price is {price}.", where=name, fix="Give a finite number.")
        low, high = self.min_price, self.max_price
        if low is not None and high is not None and low > high:
            raise BadRules(
                f"No price lies between {low:g} and {high:g}.",
                where="min_price",
                fix="Give a min_price that is not above max_price.",
            )
        if self.per_style is not None and self.per_style < 1:
            raise BadRules(
                f"At most {self.per_style} variants of a style leave no list.",
                where="per_style",
                fix="Give 1 or more, or leave it out for any number.",
            )
        if isinstance(self.bonus, np.ndarray):
            _check_amounts(self.bonus)
        elif self.bonus is not None:
            for variant_id, amount in self.bonus.items():
                _check_amount(amount, f"bonus.{variant_id}")


NO_RULES: Final = Rules()
"""All that is on sale, by score alone."""


def _check_amounts(amounts: NDArray[np.floating]) -> None:
    if not (np.abs(amounts) <= MOST_AMOUNT).all():  # neither is a NaN
        place = int(np.flatnonzero(~(np.abs(amounts) <= MOST_AMOUNT))[0])
        _check_amount(float(amounts[place]), f"bonus.{place}")


def _check_amount(amount: float, where: str) -> None:
    if not abs(amount) <= MOST_AMOUNT:  # neither is a NaN
        raise BadRules(
            f"The amount is {amount}.",
            where=where,
            fix=f"Give standard deviations of a customer's scores, from {-MOST_AMOUNT:g} to "
            f"{MOST_AMOUNT:g}.",
        )
