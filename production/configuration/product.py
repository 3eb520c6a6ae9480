"""A product that can be configured: its model, the guide through it, and what options cost."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from production.configuration.choices import Choice, parse_choices
from production.configuration.configuration import Configuration, configuration_of
from production.configuration.encoding.encode import encode
from production.configuration.options import Options, read_options
from production.configuration.pricing import (
    Known,
    Price,
    known_of,
    lead_time_of,
    materials_of,
    price_of,
    usage_of,
)
from production.configuration.solving.conflicts import Conflict, explain
from production.configuration.solving.guide import Guide, Status
from production.configuration.solving.reasons import Reasons
from production.configuration.uvl.model import FeatureModel
from production.configuration.uvl.reading import read_model
from production.errors import BadOptions

EXPLAINED_IN_FULL: Final = 100
"""Choices up to which all are looked at to explain a conflict. Of more, those after the first that
cannot be had are left out: hundreds at random hold dozens of conflicts, whose smallest changes
take a solver minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Why choices cannot be had together, as they were said.

    Attributes:
        choices: as few of them as can be that no configuration has.
        changes: which to withdraw so that the rest can be had, the smallest first.
        because: lines of the model, each with what it says, that rule the choices out together.
        looked_at: to so many of the choices all this refers, from the first on.
    """

    choices: tuple[str, ...]
    changes: tuple[tuple[str, ...], ...]
    because: tuple[tuple[int, str], ...]
    looked_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a customer stands after some choices; names in the model's order.

    Attributes:
        valid: whether any configuration has the choices.
        forced_on: options that every one of them has, those chosen too.
        forced_off: options that none has.
        open: options that some have and some have not.
        values: what may still be chosen of numbers, texts and instances, by option.
        clash: why there is none; None where valid.
        known: what is certain; prices are of it.
    """

    valid: bool
    forced_on: tuple[str, ...]
    forced_off: tuple[str, ...]
    open: tuple[str, ...]
    values: dict[str, tuple[str, ...]]
    clash: Clash | None
    known: Known


class Product:
    """A model with its guide, and its options where there is a file of them."""

    def __init__(self, model: FeatureModel, options: Options | None = None) -> None:
        self.model, self.options = model, options
        self.guide = Guide(encode(model))
        self._names = np.array([feature.name for feature in model.features], dtype=object)

    @classmethod
    def read(cls, path: Path, options: Path | None = None) -> Product:
        """A product from its files.

        Args:
            path: the model, FILE.uvl.
            options: its TOML file; None takes FILE.toml beside the model if there is one.

        Raises:
            BadModel: the model cannot be read.
            BadOptions: the options cannot be read or do not fit the model.
        """
        model = read_model(path)
        beside = path.with_suffix(".toml")
        if options is None and beside.is_file():
            options = beside
        return cls(model, None if options is None else read_options(options, model))

    def choices(self, texts: Iterable[str]) -> tuple[Choice, ...]:
        """Choices from text: `A`, `!A`, `A=3`.

        Raises:
            BadChoice: an option that there is not, a value that does not fit, a contradiction.
        """
        return parse_choices(texts, self.guide.encoded)

    def state(self, choices: Sequence[Choice]) -> State:
        """Where a customer stands after some choices."""
        literals = [choice.literal for choice in choices]
        guidance = self.guide.guidance(literals)
        if not guidance.valid:
            return State(
                valid=False,
                forced_on=(),
                forced_off=(),
                open=(),
                values={},
                clash=self._clash(choices),
                known=Known(on=frozenset(), off=frozenset()),
            )
        status = guidance.status[1 : len(self._names) + 1]
        on, off, undecided = (
            tuple(self._names[status == wanted].tolist()) for wanted in (1, -1, 0)
        )
        return State(
            valid=True,
            forced_on=on,
            forced_off=off,
            open=undecided,
            values=self._values(guidance.status, choices),
            clash=None,
            known=Known(
                on=frozenset(on),
                off=frozenset(off),
                numbers=self._numbers(guidance.status, choices),
            ),
        )

    def complete(self, choices: Sequence[Choice], preferred: Collection[int] = ()) -> Configuration:
        """A whole configuration with these choices, options off where nothing asks for them.

        Args:
            choices: possible ones.
            preferred: literals to take where nothing speaks against them.

        Raises:
            Unsatisfiable: the choices are not possible.
        """
        status = self.guide.complete([choice.literal for choice in choices], preferred)
        chosen = {choice.feature: choice.value for choice in choices if choice.value is not None}
        return configuration_of(self.guide.encoded, status, chosen)

    def price(self, known: Known | Configuration, quantity: int = 1) -> Price:
        """The price of so many units.

        Raises:
            BadOptions: there is no file of prices.
            PriceRefused: a rule makes it negative, or the quantity is out of bounds.
        """
        return price_of(self._options, self._known(known), quantity)

    def lead_time_days(self, known: Known | Configuration) -> int:
        """Days from order to shipping.

        Raises:
            BadOptions: there is no file that says them.
            PriceRefused: they come to less than none.
        """
        return lead_time_of(self._options, self._known(known))

    def usage_of(self, configuration: Known | Configuration, quantity: int) -> dict[str, Decimal]:
        """What so many units take of each resource.

        Raises:
            BadOptions: there is no file that says it.
            PriceRefused: an amount is negative, or the quantity is out of bounds.
        """
        return usage_of(self._options, self._known(configuration), quantity)

    def materials_of(
        self, configuration: Known | Configuration, quantity: int
    ) -> dict[str, Decimal]:
        """The bill of materials of so many units.

        Raises:
            BadOptions: there is no file that says it.
            PriceRefused: an amount is negative, or the quantity is out of bounds.
        """
        return materials_of(self._options, self._known(configuration), quantity)

    @property
    def _options(self) -> Options:
        if self.options is None:
            raise BadOptions(
                f"No prices are known for {self.model.name}.",
                where=self.model.name,
                fix="Write a TOML file of options (docs/configure.md).",
            )
        return self.options

    def _known(self, told: Known | Configuration) -> Known:
        return told if isinstance(told, Known) else known_of(told, self.model)

    @cached_property
    def beginning(self) -> State:
        """Where every customer begins: without a choice."""
        return self.state(())

    @cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.guide.encoded)

    def _clash(self, choices: Sequence[Choice]) -> Clash:
        if len(choices) > EXPLAINED_IN_FULL:
            choices = choices[: self._first_impossible(choices)]
        said = {choice.literal: choice.text for choice in choices}
        found = Conflict(choices=(), changes=())
        if not self.guide.void:
            found = explain(list(said), self.guide.possible)
        lines = self._reasons.of(found.choices)
        return Clash(
            choices=tuple(said[one] for one in found.choices),
            changes=tuple(tuple(said[one] for one in change) for change in found.changes),
            because=tuple((line, self.model.said_in(line)) for line in lines),
            looked_at=len(choices),
        )

    def _first_impossible(self, choices: Sequence[Choice]) -> int:
        """How many of the choices, from the first on, cannot be had: as few as can be."""
        literals = [choice.literal for choice in choices]
        return bisect_left(
            range(len(literals)), x=True, key=lambda few: not self.guide.possible(literals[:few])
        )

    def _values(self, status: Status, choices: Sequence[Choice]) -> dict[str, tuple[str, ...]]:
        """What may be chosen of numbers and texts: the value said, else the ranges left."""
        said = {choice.feature: choice.value for choice in choices if choice.value is not None}
        found = {}
        for place, ranges in self.guide.encoded.ranges.items():
            name = self.model.features[place].name
            left = tuple(str(one) for one in ranges if status[one.literal] >= 0)
            found[name] = (str(said[name]),) if name in said else left
        return found

    def _numbers(self, status: Status, choices: Sequence[Choice]) -> dict[str, Fraction]:
        """Numbers that are certain: said, or the only one of the range that is left."""
        found = {}
        for place, ranges in self.guide.encoded.ranges.items():
            held = [one for one in ranges if status[one.literal] > 0]
            if held and held[0].only is not None:
                found[self.model.features[place].name] = held[0].only
        for choice in choices:
            if isinstance(choice.value, Fraction):
                found[choice.feature] = choice.value
        return found
