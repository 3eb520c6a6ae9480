"""Rules laid onto a catalogue: arrays that ranking needs no more thought about.

An id that nobody knows is an error in `allow` and in a boost, which would silently do less than
was asked. In `deny`, `deny_styles`, the stock and the bonus it is harmless, since what is not in
the catalogue is not shown; lists then say so in a note (but for the stock, which lists all there
is).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.nearest import hint
from recsys.catalogue import Catalogue
from recsys.errors import BadRules
from recsys.lists.codes import Coded, Groups
from recsys.lists.recommendation import Note
from recsys.lists.rules import REGIONS, Boost, PlanBonus, Rules, Stock

Names = Collection[str] | NDArray[np.object_]

MOST_KEPT: Final = 64
"""Compiled rules that are kept: at 40,000 variants 13 MB at most."""

MOST_LISTED: Final = 20
"""Names that an error lists, where there are no more."""

MOST_COMPARED: Final = 1000
"""Names that a misspelt one is compared with, where there are no more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compiled:
    """Rules, for one catalogue, day and region.

    Attributes:
        allowed: (V,) bool, what may be shown.
        boosts: (V,) float32, the boosts of each variant added up, in standard deviations of a
            customer's scores; None where there is none.
        left: each rule in turn, and how many variants it and those before it left.
        notes: what the reader of a list should know of them.
    """

    allowed: NDArray[np.bool_]
    boosts: NDArray[np.float32] | None
    left: tuple[tuple[str, int], ...]
    notes: tuple[Note, ...]

    def why_empty(self, *, seen: bool) -> Note:
        """Which rule left nothing to show.

        Args:
            seen: what the customer has bought, or what lies in the basket, was left out.
        """
        before = len(self.allowed)
        for rule, count in self.left:
            if not count and rule == "on_sale":
                return Note(code="empty.on-sale", text="No variant is on sale.")
            if not count:
                text = f"The rule '{rule}' left none of the {before:,} variants that remained."
                return Note(code=f"empty.{rule}", text=text)
            before = count
        if seen:
            text = f"The customer, or the basket, has all of the {before:,} variants that remained."
            return Note(code="empty.exclude_seen", text=text)
        return Note(code="empty", text="No variant that may be shown answers the request.")


class Shelf:
    """A catalogue ready for rules; everything is worked out once, when it is first needed.

    Args:
        catalogue: the variants.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.compiled: Callable[[Rules, np.datetime64, str], Compiled] = lru_cache(MOST_KEPT)(
            self._compiled
        )
        self.gone: Callable[[Stock], NDArray[np.bool_]] = lru_cache(1)(self._gone)
        self.planned: Callable[[PlanBonus], NDArray[np.float32]] = lru_cache(1)(self._planned)
        self._columns: dict[str, Coded] = {}

    @cached_property
    def groups(self) -> Groups:
        """The variants by style."""
        return Groups.of(Coded.of(self.catalogue.styles))

    @property
    def regional(self) -> bool:
        """Some variants may be sold in some regions only."""
        return REGIONS in self.catalogue.attributes

    def outside(self, rules: Rules) -> tuple[NDArray[np.float32] | None, tuple[Note, ...]]:
        """The bonus from outside as (V,) float32, None where there is none, and what to note.

        Raises:
            BadRules: a vector of another length than the catalogue.
        """
        bonus, variants = rules.bonus, len(self.catalogue)
        if bonus is None:
            return None, ()
        if isinstance(bonus, Mapping):
            places = self._positions(list(bonus))
            amounts = np.zeros(variants, dtype=np.float32)
            given = np.array(list(bonus.values()), dtype=np.float32)
            amounts[places[places >= 0]] = given[places >= 0]
            unknown = [name for name, place in zip(bonus, places, strict=True) if place < 0]
            return amounts, _ignored("bonus", unknown, "variant")
        if bonus.shape != (variants,):
            raise BadRules(
                f"The bonus has shape {bonus.shape}, and the catalogue {variants:,} variants.",
                where="bonus",
                fix="Give one amount for each variant, or a mapping of variant ids to amounts.",
            )
        return bonus.astype(np.float32), ()

    def _compiled(self, rules: Rules, as_of: np.datetime64, region: str) -> Compiled:
        """The rules on one day and in one region; an empty one is not known.

        Raises:
            BadRules: a rule names what the catalogue does not have.
        """
        today = as_of.astype("datetime64[D]").item() if rules.today is None else rules.today
        allowed = self.catalogue.on_sale(max(as_of, np.datetime64(today, "D")))
        left = [("on_sale", int(allowed.sum()))]
        for rule, mask in self._filters(rules, region):
            allowed &= mask
            left.append((rule, int(allowed.sum())))
        boosts = np.zeros(len(self.catalogue), dtype=np.float32)
        notes = [
            *_ignored("deny", self._unknown(rules.deny), "variant"),
            *_ignored("deny_styles", self._unknown_styles(rules.deny_styles), "style"),
            *self._valueless(rules.attributes),
        ]
        for place, boost in enumerate(rules.boosts):
            if boost.until is not None and boost.until < today:
                text = f"Boost number {place + 1} ended on {boost.until.isoformat()}."
                notes.append(Note(code="boost.ended", text=text))
            else:
                boosts[self._moved(boost, f"boosts.{place}")] += np.float32(boost.amount)
        return Compiled(
            allowed=allowed,
            boosts=boosts if boosts.any() else None,
            left=tuple(left),
            notes=tuple(notes),
        )

    def _filters(self, rules: Rules, region: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        """Each rule's name, and (V,) bool, what it lets through."""
        if rules.allow is not None:
            unknown = self._unknown(rules.allow)
            if unknown:
                place = rules.allow.index(unknown[0])
                raise _no_such("variant", unknown[0], f"allow.{place}", ())
            yield "allow", self._mask(self._positions(rules.allow))
        if rules.deny:
            yield "deny", ~self._mask(self._positions(rules.deny))
        if rules.deny_styles:
            yield "deny_styles", ~self.groups.styles.any_of(rules.deny_styles)
        if rules.stock is not None:
            yield "in_stock", ~self.gone(rules.stock)
        if region and self.regional:
            yield "region", self._sold_in(region)
        for column in dict.fromkeys(name for name, _ in rules.attributes):
            values = [value for name, value in rules.attributes if name == column]
            yield f"attributes.{column}", self.column(column, f"attributes.{column}").any_of(values)
        prices = self.catalogue.prices
        if rules.min_price is not None:
            yield "min_price", prices >= rules.min_price
        if rules.max_price is not None:
            yield "max_price", prices <= rules.max_price

    def _gone(self, stock: Stock) -> NDArray[np.bool_]:
        """(V,) bool: the variants that are out of stock; NaN is not known to be."""
        return self._mask(self._positions(stock.variants[stock.on_hand <= 0]))

    def _planned(self, plan: PlanBonus) -> NDArray[np.float32]:
        """(V,) float32: what a plan says of each variant; 0 for one that it does not know."""
        places = self._positions(plan.variants)
        amounts = np.zeros(len(self.catalogue), dtype=np.float32)
        amounts[places[places >= 0]] = plan.amounts[places >= 0]
        return amounts

    def _moved(self, boost: Boost, where: str) -> NDArray[np.intp]:
        """The positions of the variants that a boost moves."""
        if boost.variant_id is not None:
            place = self.catalogue.position(boost.variant_id)
            if place is None:
                raise _no_such("variant", boost.variant_id, f"{where}.variant_id", ())
            return np.array([place])
        if boost.style_id is not None:
            coded, value, target = self.groups.styles, boost.style_id, "style_id"
        else:
            column, value = boost.attribute or ("", "")
            coded, target = self.column(column, f"{where}.attribute"), "attribute"
        code = coded.code(value)
        if code is None:
            kind = "style" if target == "style_id" else f"value of {column}"
            raise _no_such(kind, value, f"{where}.{target}", coded.names)
        return np.flatnonzero(coded.codes == code)

    def column(self, name: str, where: str) -> Coded:
        """An attribute column as codes.

        Args:
            name: the column.
            where: the rule that names it.

        Raises:
            BadRules: the catalogue has no such column.
        """
        if name not in self.catalogue.attributes:
            raise _no_such("attribute", name, where, tuple(self.catalogue.attributes))
        if name not in self._columns:
            self._columns[name] = Coded.of(self.catalogue.attributes[name])
        return self._columns[name]

    def _sold_in(self, region: str) -> NDArray[np.bool_]:
        """(V,) bool: the variants that are sold in a region."""
        coded = self.column(REGIONS, "region")
        sold = [
            not text.strip() or region in (part.strip() for part in text.split(";"))
            for text in coded.names
        ]
        return np.array(sold, dtype=bool)[coded.codes]

    def _positions(self, ids: Names) -> NDArray[np.intp]:
        """(n,) where variants stand; -1 for an unknown one."""
        return self._index.get_indexer(pd.Index(np.array([*ids], dtype=object)))

    @cached_property
    def _index(self) -> pd.Index[str]:
        return pd.Index(self.catalogue.variants)

    def _unknown(self, ids: tuple[str, ...]) -> list[str]:
        return [name for name, at in zip(ids, self._positions(ids), strict=True) if at < 0]

    def _unknown_styles(self, ids: tuple[str, ...]) -> list[str]:
        return [name for name in ids if self.groups.styles.code(name) is None]

    def _valueless(self, attributes: tuple[tuple[str, str], ...]) -> Iterator[Note]:
        """A note for each value that no variant has; a list may be empty for it."""
        for name, value in attributes:
            coded = self.column(name, f"attributes.{name}")
            if coded.code(value) is None:
                meant = _hint(value, coded.names)
                text = f"No variant has the {name} '{value}'. {meant}".rstrip()
                yield Note(code="unknown.attributes", text=text)

    def _mask(self, places: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(V,) bool: those at `places`, of which -1 is none."""
        mask = np.zeros(len(self.catalogue), dtype=bool)
        mask[places[places >= 0]] = True
        return mask


def _ignored(rule: str, unknown: list[str], kind: str) -> tuple[Note, ...]:
    if not unknown:
        return ()
    first = f"the catalogue has no {kind} '{unknown[0]}'"
    more = f", nor {len(unknown) - 1:,} others" if len(unknown) > 1 else ""
    text = f"What '{rule}' says of them was left out: {first}{more}."
    return (Note(code=f"unknown.{rule}", text=text),)


def _no_such(kind: str, name: str, where: str, names: Names) -> BadRules:
    few = f"There are {', '.join(names)}." if 0 < len(names) <= MOST_LISTED else ""
    return BadRules(
        f"The catalogue has no {kind} '{name}'.",
        where=where,
        fix=f"{_hint(name, names)}{few}"
        or "Use an id of the catalogue; leading zeros and capitals count.",
    )


def _hint(name: str, names: Names) -> str:
    """What may have been meant; looking through very many names would take seconds."""
    return hint(name, names) if len(names) <= MOST_COMPARED else ""
